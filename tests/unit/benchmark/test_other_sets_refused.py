"""Other sets that cannot be scored: some are refused at once, others cost their own scores alone."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from benchmark.bench import Outcome, bench
from benchmark.runs import collection
from benchmark.runs.collection import describe_left_out, read_collection
from benchmark.runs.folder import Run
from benchmark.training import train
from benchmark.trials import trial
from benchmark.trials.shared_resources import Resources
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.errors import ConfigError
from tests.helpers.other_sets import OF_OTHERS, OTHERS, QUICK, Sets, folder_on_other, make_other
from tests.helpers.tiny_set import PAIRS, make_set
from tests.helpers.trials import CPU


def test_a_kill_while_the_other_set_is_scored_costs_nothing_else(
    sets: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trial, "write_test_scores", kill)
        with pytest.raises(KeyboardInterrupt):
            bench([(sets[0], QUICK)], tmp_path, CPU, {}, test_data=[sets[1]])
    found = read_collection(tmp_path)
    assert [run.data_sha256 for run in found.runs] == [sets[0].sha256]
    (line,) = describe_left_out(tmp_path, found)
    assert f"1 not finished ({found.runs[0].run_id}/on-{sets[1].name}-" in line
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    assert len(bench([(sets[0], QUICK)], tmp_path, CPU, {}, test_data=[sets[1]]).runs) == 2


def fail_on(data: BuiltSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the scoring of a set fail, and of no other."""
    score = trial.write_test_scores

    def refuse(model: Any, tested: BuiltSet, *rest: Any) -> None:
        if tested.sha256 == data.sha256:
            raise RuntimeError("no such face")
        score(model, tested, *rest)

    monkeypatch.setattr(trial, "write_test_scores", refuse)


def test_a_set_that_cannot_be_scored_is_a_failure_of_its_own(
    sets: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, other = sets
    third = load(make_set(tmp_path / "c", {**OTHERS, "test": [("910", "911"), ("912", "913")]}, OF_OTHERS))
    with monkeypatch.context() as patch:
        fail_on(other, patch)
        outcome = bench([(data, QUICK)], tmp_path / "runs", CPU, {}, test_data=[other, third])
    own, scored = outcome.runs
    assert (own.origin, scored.data_sha256) == (None, third.sha256), "neither the run nor the next set is lost"
    folder = tmp_path / "runs" / own.run_id
    (on_other,) = folder.glob(f"on-*-{other.sha256[:8]}")
    assert (folder / "DONE").is_file()
    assert [path.parent for path in folder.rglob("FAILED")] == [on_other]
    (line,) = outcome.failures
    assert line.startswith(f"{own.run_id}/{on_other.name}: RuntimeError: no such face")
    (row,) = pd.read_csv(tmp_path / "runs" / "failures.csv", dtype=str).to_dict("records")
    assert (row["run_id"], row["dataset"], row["data"]) == (own.run_id, other.name, other.sha256[:8])
    assert row["reason"].startswith("RuntimeError: no such face")
    assert outcome.failed[0].data == other.sha256[:8]
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    again = bench([(data, QUICK)], tmp_path / "runs", CPU, {}, test_data=[other, third])
    assert (again.failures, len(again.runs), again.failed) == ([], 3, [])
    assert not (on_other / "FAILED").exists()


def test_a_set_whose_faces_crash_leaves_the_run_done(
    runs_on_other: Path, sets: Sets, bench_again: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_on_other(runs_on_other)
    shutil.rmtree(folder)

    def crash(_: Resources, data: BuiltSet) -> None:
        if data.sha256 == sets[1].sha256:
            raise MemoryError

    monkeypatch.setattr(Resources, "faces", crash)
    outcome = bench_again(sets[1])
    assert [path.parent for path in runs_on_other.rglob("FAILED")] == [folder]
    assert [(one.dataset, one.reason[:11]) for one in outcome.failed] == [(sets[1].name, "MemoryError")]
    assert [run.origin for run in outcome.runs] == [None]


def test_damaged_scores_of_a_set_are_left_out_alone_and_made_again(
    runs_on_other: Path, sets: Sets, bench_again: Callable[..., Outcome]
) -> None:
    table = folder_on_other(runs_on_other) / "scores.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[: len(whole) // 2])
    found = read_collection(runs_on_other)
    assert len(found.runs) == 1
    assert list(found.left_out) == [table.parent.relative_to(runs_on_other).as_posix()]
    assert bench_again(sets[1]).failures == []
    assert table.read_bytes() == whole


def test_scores_of_another_set_are_not_taken_for_these(runs_on_other: Path) -> None:
    folder = folder_on_other(runs_on_other)
    text = (folder / "set.json").read_text()
    (folder / "set.json").write_text(text.replace("FFPMS", "Celeb-DF"))
    (line,) = read_collection(runs_on_other).left_out.values()
    assert "or its set.json was edited; delete it; the same 'ffpms bench' makes what is missing" in line


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "damaged (Expecting"),
        ("[]", "damaged (list indices"),
        ('{"name": "a"}', "damaged (it has no 'reasons')"),
        ("", "damaged (Expecting"),
        (None, "lost"),
    ],
)
def test_a_damaged_set_file_is_one_true_line_and_made_again(
    runs_on_other: Path, sets: Sets, bench_again: Callable[..., Outcome], text: str | None, what: str
) -> None:
    path = folder_on_other(runs_on_other) / "set.json"
    whole = path.read_text()
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    (line,) = read_collection(runs_on_other).left_out.values()
    assert line.startswith(f"{path}: {what}")
    assert line.endswith("; run the same 'ffpms bench' again, or delete the folder")
    said: list[str] = []
    outcome = bench_again(sets[1], log=said.append)
    assert (outcome.failures, outcome.left_out, len(outcome.runs)) == ([], [], 2)
    assert path.read_text() == whole
    (told,) = (line for line in said if line.startswith(f"{path}: {what}"))
    assert told.endswith("; it is scored again")
    assert "run the same" not in told


def test_a_folder_that_may_not_be_read_costs_no_other(runs_on_other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_on_other(runs_on_other)
    shutil.copytree(folder, folder.with_name("on-Z-00000000"))

    def refuse(place: Path, run: Run, own: Any = collection.read_on) -> Run:
        if place == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder / "set.json"))
        return cast(Run, own(place, run))

    monkeypatch.setattr(collection, "read_on", refuse)
    denied, copied = read_collection(runs_on_other).left_out.values()
    assert denied == f"{folder}/set.json: Permission denied; make it readable, or move the folder away"
    assert copied.startswith(f"{folder.with_name('on-Z-00000000')}: is a copy of {folder.name}")


def check_refusal(data: BuiltSet, tests: list[BuiltSet], out: Path, said: str) -> None:
    """Checks that a line says so before anything is trained."""
    with pytest.raises(ConfigError, match=said):
        bench([(data, QUICK)], out, CPU, {}, test_data=tests)
    assert not out.exists()


@pytest.mark.parametrize(
    ("crop", "said"),
    [({"size": 32}, "--size 16"), ({"margin": 1.5}, "--margin 1.3"), ({"finder": "dlib+mtcnn"}, "--finder dlib")],
)
def test_faces_that_were_cut_otherwise_are_refused(sets: Sets, tmp_path: Path, crop: dict[str, Any], said: str) -> None:
    check_refusal(sets[0], [make_other(tmp_path / "b", **crop)], tmp_path / "runs", f"build it with {said}$")


def test_sets_that_say_nothing_of_other_data_are_refused(sets: Sets, tmp_path: Path) -> None:
    data, other = sets
    out = tmp_path / "runs"
    copied = load(Path(shutil.copytree(other.root, tmp_path / "copy")))
    check_refusal(data, [other, copied], out, "is given twice, or is a copy; give it once")
    check_refusal(data, [data], out, "is the set of --data, whose test bags are scored anyway")
    untested = load(make_set(tmp_path / "u", {**OTHERS, "test": []}))
    check_refusal(data, [untested], out, "no real and fake test bags with faces; build with --split test$")
    shared = load(make_set(tmp_path / "s", {**OTHERS, "test": [*OTHERS["test"], *PAIRS["train"]]}))
    check_refusal(data, [shared], out, r"6 test videos of .* are train or val videos of .* \(first .*\.mp4\)")


def test_a_method_that_sees_the_order_does_not_score_a_crowd(
    sets: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = property(lambda data: ("DF_904_905",) if data.sha256 == sets[1].sha256 else ())
    monkeypatch.setattr(BuiltSet, "crowded", named)
    grid = [(sets[0], replace(QUICK, method=name)) for name in ("lstm", "s-mil")]
    outcome = bench(grid, tmp_path, CPU, {}, test_data=[sets[1]])
    assert [(run.method, bool(run.origin)) for run in outcome.runs] == [
        ("lstm", False),
        ("s-mil", False),
        ("s-mil", True),
    ]
    (line,) = outcome.failures
    assert line.startswith("lstm: sees the order of faces")
