"""Tables of figures: their columns are in the order of the axis, and no number of a bin is lost."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd

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


def test_a_quarter_of_rates_is_named_by_its_ends(home: Path, found: Collection) -> None:
    """One column a quarter, though the fakes of a line may end elsewhere in it than another's."""
    rows = [("a", 0.05, 0.25), ("a", 0.3, 0.5), ("b", 0.1, 0.2), ("b", 1.0, 1.0)]
    points = pd.DataFrame(rows, columns=["method", "low", "high"])
    rate = points.assign(metric="accuracy", value=0.9, ci_low=0.8, ci_high=0.95, n_fakes=4)
    curves = replace(Curves.compute(found.runs, home / "runs"), rate=rate, every_rate=False)
    (figure, *_) = make_figures(curves, make_board(found.runs, []).cells, make_series(["a", "b"])[0])
    assert figure.head == ["5-25 %", "30-50 %", "100 %"]
    assert [[bool(cell) for cell in row[1:]] for row in figure.rows] == [[True, True, False], [True, False, True]]
    assert "a point is all fakes of a quarter of rates" in figure.about


def test_a_training_whose_history_is_damaged_is_named(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "runs", tmp_path / "runs")
    first, second, *_ = sorted((tmp_path / "runs").glob("*/history.csv"))
    first.write_bytes(b"\xff\x00")
    second.unlink()
    plan = ReportPlan(tmp_path / "runs", tmp_path / "report.html", n_bags=0, pictures=False)
    notes = write_report(plan, read_collection(plan.root)).notes
    assert [note.split(":")[0] for note in notes] == [f"no training curve of {p.parent.name}" for p in (first, second)]


def test_the_line_of_chance_lies_within_the_axis() -> None:
    """Where all methods are far better than chance, it hung below the axis and over its title."""
    points = pd.DataFrame({"low": [0.5], "high": [0.5], "ci_low": [0.85], "value": [0.9], "ci_high": [0.95]})
    cells = pd.DataFrame(columns=["source", "fake_rate_bucket", "metric", "manipulation", "method", "value"])
    nothing = pd.DataFrame(columns=[*points, "method", "metric", "x", "n_frames", "fpr", "tpr", "score", "share_fake"])
    rate = pd.concat([points.assign(method="a", metric=metric) for metric in ("accuracy", "tpr")])
    rest = nothing.assign(epoch=[], kind=[], kinds=[], level=[])
    curves = Curves(rate, False, rest, rest, rest, rest, rest)
    accuracy, found = make_figures(curves, cells, make_series(["a"])[0])
    line, *layers = accuracy.spec["layer"]
    (up,) = {row["value"] for row in line["data"]["values"]}
    for layer in (line, *layers):
        low, high = layer["encoding"]["y"]["scale"]["domain"]
        assert low < up < high
    assert found.spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [70, 100], "there is no such line"
