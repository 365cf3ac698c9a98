"""Help: every command in a section and with an example, options of long commands in groups."""

import re
import subprocess
import sys

import click
import pytest

from ffpms import cli
from ffpms.cli.help import Command, Group, group_options
from tests.conftest import Command as Run

LONG = 12
"""More options than these are found in groups alone."""


@pytest.mark.parametrize("name", cli.main.commands)
def test_every_command_has_help_with_an_example(ffpms: Run, name: str) -> None:
    result = ffpms(name, "--help")
    assert result.exit_code == 0
    assert f"Example: ffpms {name} " in result.output
    options = [p for p in cli.main.commands[name].params if isinstance(p, click.Option)]
    assert [p.name for p in options if not p.help] == []


def test_every_command_is_in_one_section(ffpms: Run) -> None:
    listed = [str(command.name) for commands in cli.SECTIONS.values() for command in commands]
    assert sorted(listed) == sorted(cli.main.commands)
    output = ffpms("--help").output
    assert "Example: ffpms demo\n" in output
    for title, commands in cli.SECTIONS.items():
        section = output.partition(f"\n{title}:\n")[2].partition("\n\n")[0]
        assert re.findall(r"^  (\w+)", section, re.M) == [command.name for command in commands]
    assert "..." not in output.partition("Options:")[2], "first sentences are whole"


@pytest.mark.parametrize("name", cli.main.commands)
def test_options_of_long_commands_are_in_groups(name: str) -> None:
    command = cli.main.commands[name]
    if len(command.params) > LONG:
        assert isinstance(command, Command)
        with click.Context(command) as context:
            groups = group_options(command, context)
        assert list(groups)[-1] == "Options"
        assert [len(options) for title, options in groups.items() if len(options) > LONG] == []
        assert len(groups["Options"]) == 1, "only --help is in no group"


def test_flags_stand_in_one_column(ffpms: Run) -> None:
    lines = ffpms("build", "--help").output.splitlines()
    assert {line.index("TOML") for line in lines if "--config" in line} == {
        line.index("A FaceForensics++ tree.") for line in lines if "--ff-root PATH" in line
    }


def test_an_example_stays_on_its_line() -> None:
    """It is to be copied, however long it is."""
    example = f"Example: ffpms x --long {'a ' * 60}b"

    @click.command(cls=Command, help=f"Do it.\n\n    {example}\n\n    {'word ' * 40}")
    def x() -> None: ...

    lines = x.get_help(click.Context(x)).splitlines()
    assert f"  {example}" in lines
    assert max(map(len, (line for line in lines if "Example" not in line))) <= 80


def test_the_default_of_workers_is_told_alike_everywhere() -> None:
    """But for bench, whose workers load batches."""
    told = {
        name: option.show_default
        for name, command in cli.main.commands.items()
        for option in command.params
        if isinstance(option, click.Option) and "--workers" in option.opts and name != "bench"
    }
    assert len(told) > 4
    assert len(set(told.values())) == 1, told


def test_a_command_outside_all_sections_is_not_listed() -> None:
    """So that the test above finds it."""
    group = Group("x")
    group.add_sections({"One": [click.Command("a", help="Do a.")]})
    group.add_command(click.Command("b"))
    assert group.list_commands(click.Context(group)) == ["a"]


def test_help_imports_nothing_heavy() -> None:
    heavy = {"rich", "torch", "numpy", "pandas", "tqdm"}
    code = (
        "import sys\nfrom ffpms.cli import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
