"""The commands of README, tutorial and how-to pages run as written, but for the paths of a reader's machine."""

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from ffpms import cli
from ffpms.builder.config import BuildConfig
from ffpms.minicorpus.corpus import CorpusConfig
from ffpms.protocol.crop_config import CropConfig
from tests.conftest import Command
from tests.helpers.pages import PAGES, ROOT, prose
from tests.helpers.tiny_set import CONFIG, make_set

SOURCE_TREE = "/data/FaceForensics++"
QUICK = {
    "minicorpus": ("--identities", "6", "--frames", "24-27", "--workers", "1"),
    "build": ("--size", "32", "--workers", "1"),
    "verify": ("--workers", "1"),
    "bench": ("--epochs", "1", "--batch-size", "8"),
}
OTHERS = {"train": [], "val": [], "test": [("904", "905")]}
"""The pairs of a set of other people, to score across data."""
JOURNEYS = {
    "docs/tutorial.md": ("minicorpus", "build", "verify", "bench", "leaderboard"),
    "docs/build.md docs/train.md": ("verify", "build", "build", "verify", "methods", "bench", "bench"),
}
NOT_OURS = {"--no-deps", "--help", "--strict", "--nproc-per-node", "--num-cpus"}


def commands_in(pages: str) -> list[list[str]]:
    """The words of each ffpms command in the shell blocks of pages."""
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in pages.split())
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("ffpms ")]


@pytest.mark.usefixtures("warm_worker")
@pytest.mark.parametrize("pages", JOURNEYS)
def test_the_commands_run_in_order(
    pages: str, ffpms: Command, tree: Path, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the tutorial's corpus two pairs are there already, so that one is rendered."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(people, tmp_path / "minicorpus", ignore=shutil.ignore_patterns("004*", "005*"))
    make_set(tmp_path / "celeb-df", OTHERS, BuildConfig(CONFIG.recipe, CropConfig(size=32)))
    commands = commands_in(pages)
    names = tuple(name for name, *_ in commands)
    assert names[: len(JOURNEYS[pages])] == JOURNEYS[pages]
    for name, *flags in commands:
        own_pairs = ("--splits", str(tree / "splits")) if SOURCE_TREE in flags else ()
        small = () if name != "bench" or "packaged" in flags else ("--backbone", "tiny")
        flags = [str(tree) if flag == SOURCE_TREE else flag for flag in flags]
        result = ffpms(name, *flags, *own_pairs, *QUICK.get(name, ()), *small)
        assert result.exit_code == 0, (name, flags, result.output)
    assert len(list(tmp_path.glob("*runs/leaderboard.csv"))) == 1


def test_the_python_of_the_tutorial_runs(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text("utf-8"), re.DOTALL)
    exec(code.replace("minicorpus-data", str(built)), {})
    assert "source_video" in capsys.readouterr().out


def test_the_fake_that_the_tutorial_names_is_in_its_corpus() -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    said = re.search(r"`(\d+)_(\d+)\.mp4`\s+is\s+the\s+face\s+of\s+(\d+)\s+on\s+(\d+)", text)
    assert said, "the sentence reads otherwise"
    target, source, face, body = said.groups()
    pairs = [pair for members in CorpusConfig().tree.pairs.values() for pair in members]
    assert (target, source) in pairs + [(b, a) for a, b in pairs]
    assert (face, body) == (source, target)


def test_the_commands_of_the_readme_are_those_of_the_how_to_pages() -> None:
    run = commands_in("docs/build.md docs/train.md")
    own = commands_in("README.md")
    assert [name for name, *_ in own] == ["verify", "build", "bench", "leaderboard"]
    assert [command for command in run if command in own] == own


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_flag_in_the_pages_exists(page: Path) -> None:
    known = {option for command in _commands() for p in command.params for option in (*p.opts, *p.secondary_opts)}
    known |= {option for p in cli.main.params for option in p.opts} | NOT_OURS
    ours = [line.text for line in prose(page)]
    ours += re.findall(r"^ *(?:srun )?ffpms .*", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(ours))) <= known


def test_every_command_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `ffpms ([a-z]+)", page, re.MULTILINE)) == set(cli.main.commands)


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"`make ([a-z]+)`", page.read_text(encoding="utf-8"))) <= targets, page


def _commands() -> list[click.Command]:
    groups = list(cli.main.commands.values())
    return groups + [own for group in groups for own in getattr(group, "commands", {}).values()]
