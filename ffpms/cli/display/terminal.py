"""The terminal: whether tables and colours are shown on it, and how they get there.

A pipe and ``--plain`` get the plain text that scripts read. rich is imported where a table is
drawn, since every command would wait for it.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from ffpms.checks import printable
from ffpms.cli.display.spelling import spell

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

_PLAIN = "ffpms.plain"
_HEAD_LINE = "\n".join(["    ", "    ", " ── ", *["    "] * 5, ""])
"""Frame of a table, as rich writes one: a line below its head, and no other."""


def set_plain(context: click.Context, _: click.Parameter, plain: bool) -> None:
    """Remembers that ``--plain`` was given, to ffpms or to its command: a click callback."""
    context.meta[_PLAIN] = context.meta.get(_PLAIN, False) or plain


def is_plain() -> bool:
    """Whether ``--plain`` was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_PLAIN))


def is_dumb() -> bool:
    """Whether the terminal cannot move its cursor."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def draws_tables() -> bool:
    """Whether stdout gets tables: it is a terminal, or FORCE_COLOR says to take it for one."""
    forced = os.environ.get("FORCE_COLOR", "") not in ("", "0")
    return not is_plain() and (forced or sys.stdout.isatty())


def show(text: str, draw: "Callable[[Drawing], Iterable[RenderableType]]") -> None:
    """Prints a result: the text as it is, or on a terminal what is drawn of it."""
    if not draws_tables():
        click.echo(text)
        return
    drawing = Drawing()
    for part in draw(drawing):
        drawing.console.print(part)


class Drawing:
    """What tables are drawn on: stdout, its width, and the text that its encoding can show."""

    def __init__(self) -> None:
        self.console = make_console()
        self.width = self.console.width

    def text(self, text: str, style: str = "") -> "Text":
        """Makes text of anything, such as a file's name: no character of it is an instruction."""
        from rich.text import Text

        return Text(spell(printable(text), self.console.encoding), style)

    def lines(self, *lines: "str | Text") -> "Text":
        """Joins lines, the empty ones left out."""
        from rich.text import Text

        made = [self.text(line) if isinstance(line, str) else line for line in lines]
        return Text("\n").join(line for line in made if line)

    def words(self, *words: "Text") -> "Text":
        """Joins words of a line."""
        from rich.text import Text

        return Text(" ").join(words)

    def table(self, spaced: bool = False) -> "Table":
        """Makes an empty table, whose rows may have space between them."""
        from rich.box import Box
        from rich.table import Table

        ascii_only = self.console.options.ascii_only
        box = Box(_HEAD_LINE.replace("─", "-") if ascii_only else _HEAD_LINE, ascii=ascii_only)
        frame: dict[str, Any] = {"box": box, "show_edge": False, "pad_edge": False, "padding": (0, 1, 0, 0)}
        return Table(header_style="bold", leading=int(spaced), **frame)

    def measure(self, part: "RenderableType") -> "Measurement":
        """Measures how wide something is with no word broken, and with no line broken."""
        from rich.measure import Measurement

        return Measurement.get(self.console, self.console.options.update(max_width=sys.maxsize), part)


def make_console(stderr: bool = False) -> "Console":
    """Makes a console for a terminal, on which text is never read as markup.

    The cursor is not hidden: a process that is killed could not show it again.
    """
    from rich.console import Console

    class Plainspoken(Console):
        def show_cursor(self, _: bool = True) -> bool:
            return False

    settings: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False, "force_terminal": True}
    width, height = (None, None) if stderr else shutil.get_terminal_size()
    return Plainspoken(stderr=stderr, width=width, height=height, **settings)
