"""Robustness: its numbers are those of scikit-learn, its files say what the table says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from PIL import Image
from sklearn.metrics import roc_auc_score

from benchmark.figures.robustness import MEAN, tabulate_robustness
from benchmark.figures.robustness_files import draw_robustness, render_robustness, write_robustness
from benchmark.leaderboards.board import make_board
from benchmark.runs.folder import Run
from tests.helpers.scores import run

AMOUNTS = {"blur": (7.0, 9.0), "jpeg": (25.0, 18.0)}


def _perturbed(one: Run, kinds: tuple[str, ...] = ("blur", "jpeg")) -> Run:
    """The run with scores that get worse by level."""
    videos = one.scores[one.scores["level"] == "video"].drop(columns=["level", "slot", "track_id", "weight", "status"])
    draw = np.random.default_rng(one.seed or 0)
    parts = [
        videos.assign(
            kind=kind,
            level=level,
            amount=amount,
            score=(videos["score"] + draw.normal(0, 0.2 * level, len(videos))).clip(0, 1),
        )
        for kind in kinds
        for level, amount in enumerate(AMOUNTS.get(kind, (0.1, 0.2)), 1)
    ]
    return replace(one, perturbed=pd.concat(parts))


def _value(table: pd.DataFrame, kind: str, level: int, metric: str = "auc") -> float:
    chosen = table[(table["kind"] == kind) & (table["level"] == level) & (table["metric"] == metric)]
    return float(chosen["value"].item())


def test_each_number_is_the_one_by_hand() -> None:
    one, other = (_perturbed(run(seed)) for seed in (0, 1))
    table = tabulate_robustness([one, other], n_resamples=50)
    for kind in AMOUNTS:
        for level in (1, 2):
            rows = [r.perturbed.query(f"kind == {kind!r} and level == {level}") for r in (one, other)]
            by_hand = np.mean([roc_auc_score(r["y_true"], r["score"]) for r in rows])
            assert _value(table, kind, level) == pytest.approx(by_hand)
    assert _value(table, MEAN, 2) == pytest.approx(np.mean([_value(table, kind, 2) for kind in AMOUNTS]))


def test_level_0_is_the_leaderboards_number_and_its_threshold_that_of_clean_val() -> None:
    one = _perturbed(run())
    table, cells = tabulate_robustness([one], n_resamples=50), make_board([one]).cells
    whole = cells[(cells["manipulation"] == "all") & (cells["fake_rate_bucket"] == "all")].set_index("metric")
    for metric in ("auc", "accuracy", "accuracy_val", "accuracy_plain"):
        assert _value(table, "blur", 0, metric) == pytest.approx(whole["value"][metric])
    rows = one.perturbed.query("kind == 'jpeg' and level == 2")
    right = (rows["score"] >= whole["threshold"]["accuracy_val"]) == rows["y_true"]
    by_class = right.groupby(rows["y_true"]).mean().mean()
    assert _value(table, "jpeg", 2, "accuracy_val") == pytest.approx(by_class)


def test_the_leaderboard_is_the_same_with_and_without() -> None:
    assert make_board([_perturbed(run())]).markdown() == make_board([run()]).markdown()


def test_the_mean_is_over_kinds_that_all_methods_have(tmp_path: Path) -> None:
    whole, part = _perturbed(run()), _perturbed(run(method="xn-avg"), ("jpeg",))
    table = tabulate_robustness([whole, part], n_resamples=20)
    assert MEAN not in set(table["kind"])
    text = render_robustness(table)
    assert "By level, jpeg." in text
    assert "By level, blur." in text
    assert text.count("| xn-avg") == 2


def test_its_files_have_every_row_and_no_run_leaves_none(tmp_path: Path) -> None:
    assert write_robustness(tabulate_robustness([run()]), tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
    table = tabulate_robustness([_perturbed(run())], n_resamples=20)
    csv, page = write_robustness(table, tmp_path / "out")
    assert len(pd.read_csv(csv)) == len(table) == 3 * 3 * 4
    text = page.read_text()
    assert "By level, mean over blur, jpeg." in text
    assert f"| s-mil  | {100 * _value(table, MEAN, 0):.1f} [" in text


def test_the_picture_has_a_panel_a_kind(tmp_path: Path) -> None:
    table = tabulate_robustness([_perturbed(run()), _perturbed(run(method="xn-avg"))], n_resamples=20)
    draw_robustness(table, "a set", tmp_path / "robustness.png")
    with Image.open(tmp_path / "robustness.png") as picture:
        assert picture.width > 600


def test_the_panel_of_the_mean_counts_the_kinds_that_it_is_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One method alone has a third kind."""
    table = tabulate_robustness(
        [_perturbed(run(), ("blur", "jpeg", "noise")), _perturbed(run(method="xn-avg"))], n_resamples=20
    )
    titles: list[str] = []
    draw = Axes.set
    monkeypatch.setattr(Axes, "set", lambda axes, **named: (titles.append(named.get("title", "")), draw(axes, **named)))
    draw_robustness(table, "a set", tmp_path / "robustness.png")
    assert "mean of 2 kinds" in titles
