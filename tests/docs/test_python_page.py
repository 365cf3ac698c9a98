"""docs/python.md runs as one script; so does the example of every public name, in the folder that the page leaves."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.examples import PACKAGES, examples_in, is_public, modules_with_examples, public_names, run_example

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text()
SCRIPT = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
QUICK = SCRIPT.replace('backbone="resnet18"', 'backbone="tiny"')
NAMES = [f"{name}.{public}" for name, package in PACKAGES.items() for public in package.__all__]
EXAMPLES = {test.name: test for module in modules_with_examples() for test in examples_in(module) if is_public(test)}


@pytest.fixture(scope="module")
def place(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the page ran: its corpus was there, so that it is not rendered again."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(people, folder / "minicorpus")
    assert QUICK != SCRIPT
    (folder / "page.py").write_text(QUICK)
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
    with_example = {name for path, name in public_names().items() if path in EXAMPLES}
    assert {name for name in NAMES if not name.startswith("detectors.")} <= with_example
    methods = {"built_set.BuiltSet.bags", "built_set.BuiltSet.torch", "bag.BagRecord.faces"}
    assert {f"ffpms.dataset.{name}" for name in methods} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_what_it_says(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert not run_example(EXAMPLES[name])
