"""Tables of figures: their columns are in the order of the axis, and no number of a bin is lost."""

import shutil
from pathlib import Path

from benchmark.leaderboards.board import make_board
from benchmark.report.curves import Curves
from benchmark.report.figures import make_figures
from benchmark.report.series import make_series
from benchmark.report.write import ReportPlan, write_report
from benchmark.runs.collection import Collection, read_collection


def test_columns_go_up_and_hold_every_point(home: Path, found: Collection) -> None:
    curves = Curves.compute(found.runs, home / "runs")
    series, _ = make_series(dict.fromkeys(curves.reliability["method"]))
    figures = make_figures(curves, make_board(found.runs, []).cells, series)
    shown = {figure.title: figure for figure in figures}
    bins = shown["Reliability"]
    starts = [int(name.split(" to ")[0]) for name in bins.head]
    assert starts == sorted(starts)
    assert sum(bool(cell) for row in bins.rows for cell in row[1:]) == len(curves.reliability)
    assert shown["Training loss"].head == [str(epoch) for epoch in sorted(set(curves.training["epoch"].astype(int)))]
    assert curves.roc["ci_low"].notna().all()
    assert all("[" in cell for row in shown["ROC"].rows for cell in row[1:])


def test_a_training_whose_history_is_damaged_is_named(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "runs", tmp_path / "runs")
    first, second, *_ = sorted((tmp_path / "runs").glob("*/history.csv"))
    first.write_bytes(b"\xff\x00")
    second.unlink()
    plan = ReportPlan(tmp_path / "runs", tmp_path / "report.html", n_bags=0, pictures=False)
    notes = write_report(plan, read_collection(plan.root)).notes
    assert [note.split(":")[0] for note in notes] == [f"no training curve of {p.parent.name}" for p in (first, second)]
