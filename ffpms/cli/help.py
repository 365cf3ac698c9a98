"""Help pages: commands and options in groups, and examples that can be copied.

Nothing here imports more than click, so that ``--help`` is quick (docs/adr/0038-terminal.md).
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_EXAMPLE = re.compile(r"(?m)(?<=\n\n)(?=Example)")
_VERBATIM = "\b\n"
"""What click takes as the sign of a paragraph whose lines stay as they are."""

_WHOLE = 1000
"""More letters than a first sentence has: none is cut off."""

_COLUMN = 30
"""Widest flag that has its explanation on its own line, as in click."""


def option_group(title: str, *options: Callable[[F], F]) -> Callable[[F], F]:
    """Adds options to a command, under a title of their own in its help.

    Example:
        >>> @click.command(cls=Command)
        ... @option_group("Output", click.option("--out"))
        ... def pack(out: str) -> None: ...
        >>> list(group_options(pack, click.Context(pack)))
        ['Output', 'Options']
    """

    def add(function: F) -> F:
        before = len(getattr(function, "__click_params__", []))
        for option in reversed(options):
            function = option(function)
        for parameter in getattr(function, "__click_params__", [])[before:]:
            parameter.help_group = title
        return function

    return add


class Command(click.Command):
    """A command whose help has its options in groups, and each example on a line of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = keep_examples(self.help)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes each group of options, all in one column."""
        groups = group_options(self, ctx)
        widest = max(len(flag) for options in groups.values() for flag, _ in options if len(flag) <= _COLUMN)
        for title, options in groups.items():
            with formatter.section(title):
                formatter.write_dl([(flag.ljust(widest), text) for flag, text in options])


def group_options(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Returns the lines of help of each group of options; those of no group come last."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record and isinstance(parameter, click.Option):
            groups.setdefault(getattr(parameter, "help_group", "Options"), []).append(record)
    return {title: groups[title] for title in sorted(groups, key="Options".__eq__)}


def keep_examples(text: str | None) -> str:
    """Marks the examples in a command's help, so that no line of them is broken."""
    return _EXAMPLE.sub(_VERBATIM, inspect.cleandoc(text or ""))


class Group(click.Group):
    """A group of commands that lists them in sections, by what one wants."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = keep_examples(self.help)
        self.sections: dict[str, list[str]] = {}

    def add_sections(self, sections: Mapping[str, Sequence[click.Command]]) -> None:
        """Adds commands, each under the title of its section."""
        for title, commands in sections.items():
            self.sections[title] = [str(command.name) for command in commands]
            for command in commands:
                self.add_command(command)

    def list_commands(self, _: click.Context) -> list[str]:
        """Lists the commands in the order of their sections."""
        return [name for names in self.sections.values() for name in names]

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes each section, with the whole first sentence of each command."""
        widest = max(map(len, self.commands))
        for title, names in self.sections.items():
            rows = [(name.ljust(widest), self.commands[name].get_short_help_str(_WHOLE)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)
