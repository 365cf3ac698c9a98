"""``ffpms evaluate --submission``: the folder of a submission, and several of them beside each other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.runs.submissions.card import CARD
from tests.conftest import Command
from tests.helpers.submission_folders import make_submission, predict_seeds
from tests.helpers.submissions import predict

Evaluate = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def evaluate(ffpms: Command, whole: Path, tmp_path: Path) -> Evaluate:
    """Evaluates submissions of the whole set; returns the exit code and the lines."""

    def run(*folders: Path, out: Path = tmp_path / "runs") -> tuple[int, list[str]]:
        flags = [word for folder in folders for word in ("--submission", folder)]
        result = ffpms("evaluate", *flags, "--data", whole, "--out", out)
        assert result.exit_code == 0 or not (tmp_path / "runs").exists()
        return result.exit_code, result.stderr.splitlines()

    return run


def move_out(path: Path) -> Path:
    """Moves a file or folder away, and leaves a link to it."""
    path.parent.parent.joinpath("elsewhere").mkdir(exist_ok=True)
    path.symlink_to(path.rename(path.parent.parent / "elsewhere" / path.name))
    return path


def test_a_link_is_refused(evaluate: Evaluate, whole: Path, tmp_path: Path) -> None:
    folder = make_submission(tmp_path / "entry", predict_seeds(whole), predict_seeds(whole, split="val"))
    for name in ("val_scores.csv", "scores.csv", CARD):
        linked = move_out(folder / name)
        assert evaluate(folder) == (2, [f"Error: {linked}: is a link; put the file itself there"])
        linked.resolve().rename(linked)
    linked = move_out(folder)
    assert evaluate(linked) == (2, [f"Error: {linked}: is a link; put the folder itself there"])


def test_a_link_to_nothing_is_called_a_link(evaluate: Evaluate, whole: Path, tmp_path: Path) -> None:
    folder = make_submission(tmp_path / "entry", predict_seeds(whole))
    for name in ("scores.csv", CARD):
        move_out(folder / name).resolve().unlink()
    lines = [f"Error: {folder / name}: is a link; put the file itself there" for name in (CARD, "scores.csv")]
    assert evaluate(folder) == (2, lines)
    round_and_round = tmp_path / "loop"
    round_and_round.symlink_to(round_and_round)
    assert evaluate(round_and_round) == (2, [f"Error: {round_and_round}: is a link; put the folder itself there"])


def test_each_method_has_a_name_of_its_own(evaluate: Evaluate, whole: Path, tmp_path: Path) -> None:
    """Beside one that has the name already, a newcomer would rename the row of somebody else."""
    other = predict_seeds(whole, (3, 4, 5))
    first = make_submission(tmp_path / "first", predict_seeds(whole), method="tool")
    same = make_submission(tmp_path / "same", other, method="tool")
    alike = make_submission(tmp_path / "alike", other, method="Tool")
    said = f"already is that of {first}/{CARD}; take another name"
    assert evaluate(first, same, alike) == (
        2,
        [f"Error: {same}/{CARD}: method: tool {said}", f"Error: {alike}/{CARD}: method: Tool {said}"],
    )


def test_names_are_told_apart_although_scores_are_wrong(evaluate: Evaluate, whole: Path, tmp_path: Path) -> None:
    rows = predict_seeds(whole)
    good, bad = make_submission(tmp_path / "good", rows), make_submission(tmp_path / "bad", rows.tail(-1))
    status, lines = evaluate(bad, good)
    assert (status, len(lines)) == (2, 2)
    assert lines[1] == f"Error: {good}/{CARD}: method: my-tool already is that of {bad}/{CARD}; take another name"


def test_the_same_scores_under_another_name_are_told(evaluate: Evaluate, whole: Path, tmp_path: Path) -> None:
    rows = predict_seeds(whole)
    first, other = (make_submission(tmp_path / name, rows, method=name) for name in ("first", "other"))
    status, lines = evaluate(first, other)
    assert status == 0
    assert f"{other}: has the same scores as {first}" in lines


@pytest.mark.parametrize(("out", "what"), [("entry", "is"), ("entry/runs", "lies in"), (".", "has in it")])
def test_nothing_is_written_among_the_files_of_a_submission(
    evaluate: Evaluate, whole: Path, tmp_path: Path, out: str, what: str
) -> None:
    folder = make_submission(tmp_path / "place" / "entry", predict_seeds(whole))
    before = sorted(tmp_path.rglob("*"))
    line = f"Error: --out: {tmp_path / 'place' / out} {what} the submission {folder}; give a folder apart from it"
    assert evaluate(folder, out=tmp_path / "place" / out) == (2, [line])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_has_one_card_and_one_file_of_scores(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    def refuse(folder: Path) -> list[str]:
        result = ffpms("evaluate", "--submission", folder, "--data", whole, "--out", tmp_path / "runs")
        assert result.exit_code == 2
        return [line.removeprefix(f"Error: {folder}") for line in result.stderr.splitlines()]

    assert refuse(tmp_path / "nowhere") == [f": no folder; give the one with {CARD} in it"]
    (tmp_path / "empty").mkdir()
    assert refuse(tmp_path / "empty") == [
        f"/{CARD}: not found; docs/board.md shows what to write into it",
        ": has no scores; write scores.parquet or scores.csv or scores.json",
    ]
    folder = make_submission(tmp_path / "entry", predict(whole))
    predict(whole).astype(str).to_parquet(folder / "scores.parquet")
    assert refuse(folder) == [": has scores.parquet and scores.csv; keep one of them"]
    (folder / "scores.parquet").unlink()
    (folder / CARD).unlink()
    (folder / CARD).mkdir()
    assert refuse(folder) == [f"/{CARD}: a folder, no file; docs/board.md shows what to write into it"]
    (folder / CARD).rmdir()
    (folder / CARD).write_text("method = my-tool\n")
    (line,) = refuse(folder)
    assert line.startswith(f"/{CARD}: no TOML (Invalid value (at line 1, column 10)); write lines such as")
