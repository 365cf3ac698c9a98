"""docs/python.md runs as one script; so does the example of every public name, in the folder that the page leaves."""

import doctest
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import benchmark
import detectors
import ffpms

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text()
SCRIPT = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
PACKAGES = {"ffpms": ffpms, "benchmark": benchmark, "detectors": detectors}
NAMES = [f"{name}.{public}" for name, package in PACKAGES.items() for public in package.__all__]


def examples() -> Iterator[tuple[str, Any]]:
    """Every public function, class and method that has an example."""
    for name in NAMES:
        package, _, public = name.partition(".")
        found = getattr(PACKAGES[package], public)
        members = inspect.getmembers(found, inspect.isfunction) if inspect.isclass(found) else []
        for path, one in [(name, found), *((f"{name}.{key}", value) for key, value in members)]:
            own = str(getattr(one, "__module__", "")).partition(".")[0] in PACKAGES
            if own and ">>>" in (inspect.getdoc(one) or ""):
                yield path, one


EXAMPLES = dict(examples())


@pytest.fixture(scope="module")
def place(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the page ran: its corpus was there, so that it is not rendered again."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(people, folder / "minicorpus")
    (folder / "page.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "split: tests is unknown" in done.stdout
    return folder


def test_the_page_runs_as_a_script_without_a_guard(place: Path) -> None:
    for file in ("ffpms-data/build.json", "runs/leaderboard.csv", "tables/leaderboard.html", "curve.png"):
        assert (place / file).is_file()


def test_the_page_names_everything_that_is_public() -> None:
    table = PAGE.partition("## All names")[2]
    assert set(re.findall(r"`((?:ffpms|benchmark|detectors)\.[A-Za-z]\w+)`", table)) >= set(NAMES)


def test_every_public_name_of_the_data_set_and_the_benchmark_has_an_example() -> None:
    assert {name for name in NAMES if not name.startswith("detectors.")} <= EXAMPLES.keys()
    assert {"ffpms.BuiltSet.bags", "ffpms.BuiltSet.torch", "ffpms.BagRecord.faces"} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_what_it_says(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    known = {"Path": Path, "torch": torch, **PACKAGES}
    text = inspect.getdoc(EXAMPLES[name]) or ""
    test = doctest.DocTestParser().get_doctest(text, dict(known), name, None, None)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, out=said.append)
    assert not said, "".join(said)
