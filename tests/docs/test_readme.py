"""The README's commands run as they are written, but for the paths of a reader's own machine."""

import re
import shlex
from pathlib import Path

import pytest

from ffpms import cli
from tests.conftest import Command

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("ffpms ")]
QUICK = {
    "minicorpus": ("--identities", "6", "--frames", "6-8"),
    "build": ("--size", "32"),
    "bench": ("--backbone", "tiny", "--epochs", "1", "--batch-size", "8"),
}


def test_the_commands_run_in_order(ffpms: Command, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) >= 3
    for command in COMMANDS:
        name, *flags = shlex.split(command)[1:]
        flags = [str(tree) if flag == "/data/FaceForensics++" else flag for flag in flags]
        own_pairs = ("--splits", str(tree / "splits")) if name in ("build", "verify") else ()
        result = ffpms(name, *flags, *own_pairs, *QUICK.get(name, ()))
        assert result.exit_code == 0, (command, result.output)
    assert (tmp_path / "runs" / "leaderboard.csv").is_file()


def test_every_flag_in_the_docs_exists() -> None:
    known = {
        option
        for command in cli.main.commands.values()
        for p in command.params
        for option in (*p.opts, *p.secondary_opts)
    }
    known |= {option for p in cli.main.params for option in p.opts} | {
        "--no-deps",
        "--help",
        "--strict",
        "--nproc-per-node",
    }
    pages = (ROOT / "README.md", *(ROOT / "docs" / name for name in ("protocol.md", "experiments.md")))
    for page in (*pages, *sorted((ROOT / "docs" / "adr").glob("*.md"))):
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text())) <= known, page


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target
