"""docs/results.md: its tables are what the committed scores give, and its prose has no other number."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from benchmark.stats.comparison import compare
from ffpms.errors import ManifestError
from scripts.committed_scores import (
    BOARD,
    END_TO_END,
    GRADIENTS,
    HEADS,
    LEVELS,
    MIXES,
    SEGMENTS,
    Place,
    name_line,
    read_kept,
)
from scripts.results_page import PAGE, TABLES, fill, read_scores
from tests.helpers.pages import ROOT, sentences

TEXT = PAGE.read_text(encoding="utf-8")
NAMES = re.findall(r"<!-- table: (\w+) -->", TEXT)
NUMBER = r"[+-]?\d+\.\d+"
PLACES = (HEADS, END_TO_END)
FEW = 2
"""So many resamples give no interval, and save time."""


def part(name: str) -> str:
    (found,) = re.findall(rf"<!-- table: {name} -->\n.*?<!-- end -->", TEXT, re.DOTALL)
    return str(found)


def without_intervals(text: str) -> str:
    return re.sub(r" \[[^\]]*\]( \*)?", "", text)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "segments"])
def test_a_number_is_what_the_committed_scores_give(name: str) -> None:
    assert without_intervals(fill(part(name), FEW)) == without_intervals(part(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_what_the_committed_scores_give(name: str) -> None:
    assert fill(part(name)) == part(name)


def test_every_table_is_on_the_page_once() -> None:
    assert sorted(NAMES) == sorted(TABLES)


def test_numbers_of_the_prose_stand_in_a_table() -> None:
    tables = {
        number.lstrip("+-") for line in TEXT.splitlines() if line.startswith("|") for number in re.findall(NUMBER, line)
    }
    said = {number.lstrip("+-"): sentence for sentence in sentences(PAGE) for number in re.findall(NUMBER, sentence)}
    assert said
    assert {number: sentence for number, sentence in said.items() if number not in tables} == {}


@pytest.mark.parametrize("place", PLACES)
def test_all_lines_of_a_mix_have_the_same_seeds(place: Place) -> None:
    scores = read_scores(place, FEW)
    for mix in MIXES:
        assert len({tuple(line.tables) for line in scores.lines.values() if line.mix == mix}) == 1
    assert {len(table) for line in scores.lines.values() for table in line.tables.values()} == {696}


def test_a_compression_has_the_videos_and_trainings_of_the_board() -> None:
    scores = read_scores(HEADS, FEW)
    for line in scores.of():
        bags = [{seed: sorted(own["bag_id"]) for seed, own in one.tables.items()} for one in scores.levels(line)]
        assert bags[1:] == [bags[0]] * 2
        assert {len(own) for own in bags[0].values()} == {696}


def test_a_table_with_a_score_twice_is_refused(tmp_path: Path) -> None:
    table = pd.read_parquet(LEVELS)
    path = tmp_path / "levels.parquet"
    pd.concat([table, table.head(2)]).to_parquet(path)
    with pytest.raises(ManifestError, match=r"levels\.parquet: has 2 scores twice; collect those of one set"):
        read_kept(path)


@pytest.mark.parametrize(("other", "test"), [("xn-max", "paired"), ("mil", "welch")])
def test_methods_of_one_training_are_compared_seed_by_seed(other: str, test: str) -> None:
    scores = read_scores(HEADS, FEW)
    lines = [scores.lines[method, "recipe"] for method in ("xn-avg", other)]
    (found,) = compare(scores.number("auc", line.rows).entry(line.method, line.trainings) for line in lines)
    assert found.test == test


def test_the_scores_take_little_room() -> None:
    folders = (BOARD, SEGMENTS, LEVELS.parent)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert {*(place.grid for place in PLACES), LEVELS, GRADIENTS} <= set(files)
    assert sum(file.stat().st_size for file in files) < 20e6


def test_make_collects_the_runs_that_it_trained() -> None:
    if shutil.which("make") is None:
        pytest.skip("needs make")
    command = ["make", "--dry-run", "results", "RESULTS=there"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    runs = dict.fromkeys(re.findall(r"ffpms bench .* --out (\S+)", said))
    assert re.findall(r"scripts\.collect_results (.*)", said) == [" ".join(runs)]


def test_a_name_says_method_and_mix() -> None:
    assert name_line("s-mil-t-train_mix-whole") == ("s-mil-t", "whole")
    assert name_line("abmil-gated-end-to-end") == ("abmil-gated", "recipe")
