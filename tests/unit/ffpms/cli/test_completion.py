"""Shell completion: of names that are known without importing a detector."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from detectors import method, names
from ffpms import cli
from ffpms.cli.completion import built_in_methods, complete_runs


def completed(arguments: list[str], typed: str) -> list[str]:
    found = ShellComplete(cli.main, {}, "ffpms", "_FFPMS_COMPLETE").get_completions(arguments, typed)
    return [item.value for item in found]


def test_the_names_are_those_that_are_registered() -> None:
    own = [name for name in names() if method(name).module.startswith("detectors.methods.")]
    assert sorted(built_in_methods()) == sorted([*own, "all"])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("s-m", ["s-mil", "s-mil-sum", "s-mil-t"]),
        ("s-mil,xn", ["s-mil,xn-avg", "s-mil,xn-max"]),
        ("xn-avg,xn", ["xn-avg,xn-max"]),
        ("q", []),
    ],
)
def test_the_last_of_a_comma_list_is_completed(typed: str, found: list[str]) -> None:
    assert completed(["bench", "--methods"], typed) == found


def test_commands_are_completed_in_the_order_of_the_help() -> None:
    assert completed([], "") == cli.main.list_commands(click.Context(cli.main))


@pytest.mark.parametrize(
    ("typed", "found"),
    [("", ["runs/a-1", "runs/b-2"]), ("runs/b", ["runs/b-2"]), ("runs/", ["runs/a-1", "runs/b-2"]), ("else/", [])],
)
def test_finished_runs_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, found: list[str]
) -> None:
    for name in ("a-1", "b-2", "unfinished"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    for name in ("a-1", "b-2"):
        (tmp_path / "runs" / name / "DONE").touch()
    monkeypatch.chdir(tmp_path)
    folders, *runs = complete_runs(click.Context(cli.main), cli.main.params[0], typed)
    assert (folders.type, folders.value) == ("dir", typed), "other folders are completed by the shell"
    assert [item.value for item in runs] == found


def test_completion_imports_no_torch() -> None:
    code = (
        "import os, sys\nos.environ.update(_FFPMS_COMPLETE='bash_complete', COMP_CWORD='3',"
        " COMP_WORDS='ffpms bench --methods s-mil-')\nfrom ffpms.cli import main\n"
        "try: main(prog_name='ffpms')\nexcept SystemExit: print({'torch', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["plain,s-mil-sum", "plain,s-mil-t", "set()"]
