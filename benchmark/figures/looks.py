"""Looks of lines: no two are told apart by colour alone, on the page and in pictures."""

from typing import Any

DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3))
"""Lengths of a line and a gap, by turns; the first is a whole line."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")

_MARKERS = {"circle": "o", "square": "s", "triangle-up": "^", "diamond": "D", "cross": "P", "triangle-down": "v"}
"""The shapes in Matplotlib's words."""
_COLOURS = 10
"""Number of Matplotlib's colours, after which they come again."""
_UNIT = 0.5
"""Lengths of dashes are in px on the page; Matplotlib's are in widths of the line, here 1.6 pt."""


Style = dict[str, Any]
"""Keywords of Matplotlib's for a line."""


def choose_look(number: int, n_colours: int) -> tuple[tuple[int, ...], str]:
    """Chooses the dash and the shape of a line by its number, of which colours come again.

    Neighbours differ in colour, dash and shape at once; of the first 24 no two look alike.

    Example:
        >>> choose_look(0, 6), choose_look(6, 6)
        (((1, 0), 'circle'), ((9, 3, 2, 3), 'square'))
    """
    place = number + number // n_colours
    return DASHES[place % len(DASHES)], SHAPES[place % len(SHAPES)]


def style_of(number: int) -> Style:
    """Returns the style of a line in a picture by its number: its colour, dash and marker."""
    dash, shape = choose_look(number, _COLOURS)
    line = "-" if dash == DASHES[0] else (0, tuple(_UNIT * part for part in dash))
    return {"color": f"C{number % _COLOURS}", "linestyle": line, "marker": _MARKERS[shape]}
