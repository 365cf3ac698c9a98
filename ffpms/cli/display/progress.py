"""Progress bars on stderr: what is done, what failed, how fast, and the time left."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ffpms.cli.display.terminal import make_console

if TYPE_CHECKING:
    from rich.progress import Progress, Task
    from rich.text import Text

T = TypeVar("T")

EVERY_S = 0.2
"""Seconds between two drawings of a bar."""
_PERIOD_S = 300.0
"""Seconds over which the speed is taken."""


class Bars:
    """Shows a progress bar for each loop over its items, while the loop runs.

    It is called with the items and their number, and gives the items back as they pass. ``log``
    prints a line above the bar. A bar is drawn between items, by no thread of its own: processes
    that load batches are forked while one shows, and a lock that a thread holds would hang them.
    """

    def __init__(self, unit: str, hidden: bool, failed: Callable[[Any], bool]) -> None:
        self._unit, self._hidden, self._failed = unit, hidden, failed
        self._shown: Progress | None = None

    def __call__(self, items: Iterable[T], total: int) -> Iterable[T]:
        return items if self._hidden else self._show(items, total)

    def _show(self, items: Iterable[T], total: int) -> Iterator[T]:
        shown = self._start()
        task = shown.add_task(self._unit, total=total, failed=0)
        done, failed, due = 0, 0, 0.0
        try:
            for done, item in enumerate(items, 1):
                yield item
                failed += self._failed(item)
                if (now := time.monotonic()) >= due or done == total:
                    shown.update(task, completed=done, failed=failed, refresh=True)
                    due = now + EVERY_S
        finally:
            shown.remove_task(task)
            if not shown.tasks:
                self.stop()

    def _start(self) -> "Progress":
        """Starts to draw, unless a loop around this one did."""
        if self._shown is None:
            self._shown = make_progress()
            self._shown.start()
        return self._shown

    def stop(self) -> None:
        """Removes the bar from the terminal."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None

    def log(self, line: str, err: bool = True) -> None:
        """Prints a line above the bar."""
        shown = self._shown
        if shown is not None:
            shown.stop()
        click.echo(line, err=err)
        if shown is not None:
            shown.start()


def make_progress() -> "Progress":
    """Makes the bar: unit, bar, and the facts in words; its length is what the terminal leaves."""
    from rich.progress import BarColumn, Progress, ProgressColumn
    from rich.table import Column

    class Facts(ProgressColumn):
        def render(self, task: "Task") -> "Text":
            return describe(task)

    class Unit(ProgressColumn):
        def render(self, task: "Task") -> "Text":
            from rich.text import Text

            return Text(task.description)

    fixed = Column(no_wrap=True, overflow="crop")
    bar = BarColumn(bar_width=None, style="bright_black", complete_style="magenta", finished_style="magenta")
    return Progress(
        *(Unit(fixed), bar, Facts(fixed)),
        console=make_console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        expand=True,
        speed_estimate_period=_PERIOD_S,
    )


def describe(task: "Task") -> "Text":
    """Says what is done, how fast, the time left, and the failures."""
    from rich.text import Text

    failed = task.fields["failed"]
    left = "" if task.finished or task.time_remaining is None else f"{timedelta(seconds=task.time_remaining)} left"
    parts = [
        Text(f"{task.completed:.0f}/{task.total:.0f}"),
        Text(f"{failed} failed" if failed else "", "bold red"),
        Text(_speed(task.speed, task.description)),
        Text(left),
    ]
    return Text("  ").join(filter(None, parts))


def _speed(per_second: float | None, unit: str) -> str:
    if not per_second:
        return ""
    return f"{per_second:.1f}/s" if per_second >= 1 else f"{1 / per_second:.1f} s/{unit}"
