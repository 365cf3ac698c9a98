"""A picture shows all of its legend, and no two lines look alike."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from benchmark.figures.plotting import write_curve


@pytest.mark.parametrize("metrics", [("accuracy",), ("accuracy", "auc", "tpr")])
def test_a_dozen_long_names_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metrics: tuple[str, ...]) -> None:
    figures = []
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
    lines = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == len(lines) == len(names)
