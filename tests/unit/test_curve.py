"""The accuracy-by-fake-rate curve says what the scores say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.curve import QUARTERS, draw_bars, draw_picture, rate_curve
from benchmark.demo import conclude
from benchmark.metrics import accuracy
from tests.unit.test_leaderboard import run


def test_each_level_of_20_is_in_one_range() -> None:
    levels = np.arange(1, 20) / 20
    assert all(sum(low - 1e-9 <= level <= high + 1e-9 for low, high in QUARTERS) == 1 for level in levels)


def test_a_point_is_the_accuracy_on_its_fakes_and_all_real_videos() -> None:
    one = run()
    point = rate_curve([one]).query("metric == 'accuracy'").iloc[0]
    videos = one.scores[one.scores["level"] == "video"]
    kept = videos[(videos["fake_rate"] <= 0.25)]
    assert point["value"] == pytest.approx(accuracy(kept["y_true"].to_numpy(), kept["score"].to_numpy()))
    assert point["n_fakes"] == (kept["y_true"] == 1).sum()
    assert point["ci_low"] < point["value"] < point["ci_high"]


def test_bars_picture_and_conclusion(tmp_path: Path) -> None:
    curve = rate_curve([run(), run(method="xn-avg")])
    bars = draw_bars(curve)
    assert bars.count("%") == len(curve)
    assert f"{100 * curve['value'].iloc[0]:5.1f}" in bars
    draw_picture(curve, tmp_path / "curve.png", "test")
    assert Image.open(tmp_path / "curve.png").size[0] > 600
    said = conclude(curve)
    ranked = curve[curve["metric"] == "auc"]["value"].iloc[0]
    assert f"s-mil {100 * ranked:.0f} ->" in said
    assert "xn-avg" in said
