"""Series: a name and a look for each line of the charts, the same in all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmark.figures.looks import choose_look
from benchmark.leaderboards.labels import factor_out

COLOURS = tuple(f"var(--series-{n})" for n in range(1, 7))
"""Colours that the page defines for light and for dark, told apart by the colour-blind."""
PATHS = {
    "circle": "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0Z",
    "square": "M-3,-3h6v6h-6Z",
    "triangle-up": "M0,-4L4,3.5H-4Z",
    "diamond": "M0,-4.5L4,0L0,4.5L-4,0Z",
    "cross": "M-4,-1.3h2.7v-2.7h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7Z",
    "triangle-down": "M0,4L4,-3.5H-4Z",
}
"""The shapes as paths of SVG, for the legend."""


@dataclass(frozen=True)
class Series:
    """A line: its key in the data of charts, its name without what all share, and its look."""

    key: str
    name: str
    label: str
    colour: str
    dash: tuple[int, ...]
    shape: str

    @property
    def path(self) -> str:
        """The shape as a path of SVG."""
        return PATHS[self.shape]


def make_series(labels: Iterable[str]) -> tuple[dict[str, Series], str]:
    """Makes a series for each label, and says which settings all of them share.

    Neighbours differ in colour, dash and shape at once; of the first 24 no two look alike.

    Example:
        >>> series, shared = make_series(["s-mil [epochs=2]", "lstm [epochs=2]"])
        >>> [one.name for one in series.values()], shared
        (['s-mil', 'lstm'], 'epochs=2')
    """
    names, shared = factor_out(labels)
    made = {label: _make(number, name, label) for number, (label, name) in enumerate(names.items())}
    return made, shared


def _make(number: int, name: str, label: str) -> Series:
    dash, shape = choose_look(number, len(COLOURS))
    return Series(f"m{number}", name, label, COLOURS[number % len(COLOURS)], dash, shape)
