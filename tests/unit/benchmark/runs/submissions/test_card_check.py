"""``ffpms evaluate --submission``: a card is of the scores beside it, and of the set."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchmark.runs.submissions.card import CARD as CARD_FILE
from ffpms.dataset.built_set import BuiltSet
from tests.conftest import Command
from tests.helpers.submission_folders import CONFIGURATION, make_submission, predict_seeds

OF_THE_SCORES: dict[str, tuple[dict[str, Any], str]] = {
    "other seeds": (
        {"configuration": CONFIGURATION | {"seeds": [0, 1]}},
        "configuration.seeds: [0, 1] are not those of the scores (seeds 0, 1, 2); correct one of the two",
    ),
    "a date to come": ({"date": date(9999, 1, 1)}, "date: 9999-01-01 is to come; give the date of the submission"),
    "another set": (
        {"data": {"name": "FFPMS-custom", "sha256": "0123456789"}},
        "data: the scores are of FFPMS-custom 01234567, and this set is FFPMS-custom ",
    ),
    "a set of another name": (
        {"data": {"name": "FFPMS"}},
        "data: the scores are of FFPMS, and this set is FFPMS-custom",
    ),
}


@pytest.mark.parametrize("name", OF_THE_SCORES)
def test_a_card_is_of_the_scores_beside_it(ffpms: Command, whole: Path, tmp_path: Path, name: str) -> None:
    card, said = OF_THE_SCORES[name]
    folder = make_submission(tmp_path / "entry", predict_seeds(whole), **card)
    result = ffpms("evaluate", "--submission", folder, "--data", whole, "--out", tmp_path / "runs")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {folder}/{CARD_FILE}: {said}")


def test_the_name_of_the_set_is_that_of_its_hash(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    data = {"name": "FFPMS", "sha256": BuiltSet.load(whole).sha256}
    folder = make_submission(tmp_path / "entry", predict_seeds(whole), data=data)
    result = ffpms("evaluate", "--submission", folder, "--data", whole, "--out", tmp_path / "runs")
    said = "data.name: the set of this sha256 is FFPMS-custom, not FFPMS; correct one of the two"
    assert (result.exit_code, result.stderr) == (2, f"Error: {folder}/{CARD_FILE}: {said}\n")


def test_scores_of_another_set_are_one_line(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    """Their bags are others, which is no fault of its own."""
    data = {"name": "FFPMS-custom", "sha256": BuiltSet.load(whole).sha256}
    folder = make_submission(tmp_path / "entry", predict_seeds(whole), predict_seeds(whole, split="val"), data=data)
    result = ffpms("evaluate", "--submission", folder, "--out", tmp_path / "runs")
    (line,) = result.stderr.splitlines()
    said = f"data: the scores are of FFPMS-custom {data['sha256'][:8]}, and this set is FFPMS "
    assert line.startswith(f"Error: {folder}/{CARD_FILE}: {said}")


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ((0,), ["has 1 training (seed); with fewer than 3 no difference from another method is tested"]),
        ((0, 1), ["has 2 trainings (seeds); with fewer than 3 no difference from another method is tested"]),
        ((0, 1, 2), []),
    ],
)
def test_too_few_trainings_are_told(
    ffpms: Command, whole: Path, tmp_path: Path, seeds: tuple[int, ...], said: list[str]
) -> None:
    folder = make_submission(tmp_path / "entry", predict_seeds(whole, seeds))
    result = ffpms("evaluate", "--submission", folder, "--data", whole, "--out", tmp_path / "runs")
    assert result.exit_code == 0
    assert [line for line in result.stderr.splitlines() if line.startswith(f"{folder}: ")] == [
        f"{folder}: {line}" for line in said
    ]


def test_more_frames_than_the_set_has_are_told(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    """A detector may have seen frames that the set has not; or the card is wrong."""
    for name, frames in (("all", 4), ("more", 5)):
        own = CONFIGURATION | {"frames": frames}
        folder = make_submission(tmp_path / name, predict_seeds(whole), configuration=own, url=None)
        result = ffpms("evaluate", "--submission", folder, "--data", whole, "--out", tmp_path / f"{name}-runs")
        own_lines = [line for line in result.stderr.splitlines() if line.startswith(f"{folder}: ")]
        more = f"{folder}: its card states 5 frames of a video, and the set has 4"
        assert own_lines == [f"{folder}: its card does not state url", *([more] if name == "more" else [])]
