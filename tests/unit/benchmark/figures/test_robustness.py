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

AMOUNTS = {"blur": (7.0, 9.0, 13.0, 17.0, 21.0), "jpeg": (25.0, 18.0, 15.0, 10.0, 7.0)}


def _perturbed(one: Run, kinds: tuple[str, ...] = ("blur", "jpeg")) -> Run:
    """The run with scores that get worse by level."""
    videos = one.scores[one.scores["level"] == "video"].drop(columns=["level", "slot", "track_id", "weight", "status"])
    draw = np.random.default_rng(one.seed or 0)
    parts = [
        videos.assign(
            kind=kind,
            level=level,
            amount=amount,
            score=(videos["score"] + draw.normal(0, 0.1 * level, len(videos))).clip(0, 1),
        )
        for kind in kinds
        for level, amount in enumerate(AMOUNTS.get(kind, (0.1, 0.2, 0.3, 0.4, 0.5)), 1)
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


def _without(one: Run, kind: str, *levels: int) -> Run:
    gone = (one.perturbed["kind"] == kind) & one.perturbed["level"].isin(levels)
    return replace(one, perturbed=one.perturbed[~gone])


def test_a_kind_that_lacks_levels_is_named_and_in_no_mean() -> None:
    kinds = ("blur", "jpeg", "noise")
    killed, whole = _without(_perturbed(run(), kinds), "jpeg", 3, 4, 5), _perturbed(run(method="xn-avg"), kinds)
    table = tabulate_robustness([killed, whole], n_resamples=20)
    assert set(table.loc[table["kind"] == MEAN, "kinds"]) == {"blur;noise"}
    of_jpeg = table[(table["kind"] == "jpeg") & (table["metric"] == "auc")]
    assert of_jpeg.groupby("method")["level"].agg(list).to_dict() == {"s-mil": [0, 1, 2], "xn-avg": [0, 1, 2, 3, 4, 5]}
    assert of_jpeg.groupby("method")["missing"].unique().str.join("").to_dict() == {"s-mil": "3;4;5", "xn-avg": ""}
    assert (table.loc[table["kind"] != "jpeg", "missing"] == "").all()
    text = render_robustness(table)
    said = "and part of no mean: jpeg (s-mil lacks level 3, 4, 5). To complete them, the same `ffpms bench` with"
    assert f"Incomplete on {table['table'].iloc[0]}, {said} `--perturb jpeg` scores what is missing." in text
    assert "Incomplete" not in render_robustness(tabulate_robustness([whole], n_resamples=20))


def test_a_kind_that_a_seed_or_a_method_has_not_is_named_too() -> None:
    seeds = [_perturbed(run(0), ("blur", "noise")), _perturbed(run(1), ("blur",))]
    text = render_robustness(tabulate_robustness([*seeds, _perturbed(run(method="xn-avg"))], n_resamples=20))
    assert "noise (xn-avg has none; s-mil lacks level 1, 2, 3, 4, 5 in a seed), jpeg (s-mil has none). To" in text
    assert "`--perturb noise,jpeg`" in text


def test_its_files_have_every_row_and_no_run_leaves_none(tmp_path: Path) -> None:
    assert write_robustness(tabulate_robustness([run()]), tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
    table = tabulate_robustness([_perturbed(run())], n_resamples=20)
    csv, page = write_robustness(table, tmp_path / "out")
    assert len(pd.read_csv(csv)) == len(table) == 3 * 6 * 4
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
    assert "jpeg" in titles
    draw_robustness(tabulate_robustness([_without(_perturbed(run()), "jpeg", 5)], 20), "a set", tmp_path / "part.png")
    assert "jpeg (incomplete)" in titles
