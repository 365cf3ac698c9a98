"""docs/scores.md names every metric and column there is, and its commands and its example work."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from benchmark import metrics, stats
from benchmark.leaderboards.board import COLUMNS
from benchmark.metrics.catalogue import METRICS
from benchmark.runs.submissions.scores import COLUMNS as OF_A_FILE
from benchmark.runs.submissions.scores import LOGIT, SEED, read_submission
from ffpms import cli
from tests.helpers.pages import ROOT, section

TEXT = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")


def named(text: str) -> set[str]:
    """What stands in the first column of the tables: `ap_at_iou_50`, `_75` is two names."""
    names: set[str] = set()
    for line in text.splitlines():
        words = re.findall(r"`(\w+)`", line.split("|")[1]) if line.startswith("| `") else []
        names |= {words[0].rpartition("_")[0] + word if word.startswith("_") else word for word in words}
    return names


def test_every_metric_is_defined() -> None:
    assert named(section(TEXT, "Metrics")) == set(METRICS)


def test_every_column_is_defined() -> None:
    assert named(section(TEXT, "leaderboard.csv")) == set(COLUMNS)
    assert named(section(TEXT, "Another tool's scores")) == {*OF_A_FILE, SEED, LOGIT}


def test_the_example_is_a_file_of_scores(tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text(re.findall(r"```\n(bag_id.*?)```", TEXT, re.DOTALL)[0])
    rows, problems = read_submission(tmp_path / "my.csv")
    assert problems == []
    assert rows["slot"].tolist() == [-1, 0, 1]


@pytest.mark.parametrize("line", re.findall(r"^ffpms .*$", TEXT, re.MULTILINE))
def test_every_flag_of_its_commands_exists(line: str) -> None:
    name, *words = shlex.split(line.partition("#")[0])[1:]
    known = {option for p in cli.main.commands[name].params for option in p.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_python_example_gives_what_it_says() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", section(TEXT, "From Python"), re.DOTALL)
    known: dict[str, Any] = {}
    for line in code.splitlines():
        expression, _, said = (part.strip() for part in line.partition("#"))
        if re.fullmatch(r"0\.\d+", said):
            assert eval(expression, known) == float(said), line
        else:
            exec(expression, known)


def test_every_function_of_arrays_is_named() -> None:
    text = section(TEXT, "From Python")
    assert {*metrics.__all__, *stats.__all__} - {"validate", "Interval", "PairedComparison"} <= set(
        re.findall(r"\w+", text)
    )
