"""A picture shows all of its legend, and no two lines look alike."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from benchmark.figures.diagrams import draw_reliability, draw_roc
from benchmark.figures.plotting import draw_picture, write_curve
from benchmark.figures.robustness_files import draw_robustness


@pytest.mark.parametrize("metrics", [("accuracy",), ("accuracy", "auc", "tpr")])
def test_a_dozen_long_names_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metrics: tuple[str, ...]) -> None:
    figures: list[Any] = []
    monkeypatch.setattr(plt, "close", figures.append)
    names = [f"s-mil-t [batch_size=8, train_frames=5, train_mix={n}]" for n in range(12)]
    rates = np.linspace(0, 1, 3)
    rows = [(name, x, x, metric, 0.5, 0.4, 0.6, 9) for metric in metrics for name in names for x in rates]
    columns = ["method", "low", "high", "metric", "value", "ci_low", "ci_high", "n_fakes"]
    write_curve(pd.DataFrame(rows, columns=columns), tmp_path / "curve.png", "A title")
    (figure,) = figures
    width, height = figure.canvas.get_width_height()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= width
    assert 0 <= box.y0 < box.y1 <= height


def look_of(line: Any) -> tuple[Any, ...]:
    return line.get_color(), line.get_marker(), line._unscaled_dash_pattern


@pytest.mark.parametrize("draw", [draw_picture, draw_roc, draw_reliability, draw_robustness])
@pytest.mark.parametrize("width", [0, 0.2])
def test_no_two_lines_differ_by_colour_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draw: Callable[..., None], width: float
) -> None:
    """Neither of neighbours, nor where colours come again; points stand for one rate or for a range."""
    figures: list[Any] = []
    monkeypatch.setattr(plt, "close", figures.append)
    names = [f"method {n}" for n in range(12)]
    rows = [
        {"method": name, "metric": "auc", "low": x, "high": x + width, "fpr": x, "tpr": x, "score": x, "share_fake": x}
        | {"level": 5 * x, "kind": "blur", "kinds": "", "missing": "", "value": x, "ci_low": x, "ci_high": x}
        for name in names
        for x in (0.0, 0.5)
    ]
    draw(pd.DataFrame(rows), "A title", tmp_path / "picture.png")
    axes = figures[0].axes[0]
    handles, labels = axes.get_legend_handles_labels()
    assert labels == names
    lines = [handle if hasattr(handle, "get_marker") else handle.lines[0] for handle in handles]
    looks = [look_of(line) for line in lines]
    assert len(set(looks)) == len(names)
    for (colour, marker, dash), (other, another, that) in pairwise(looks):
        assert colour != other
        assert dash != that
        assert marker != another or draw is draw_roc, "a ROC curve has no points"
