"""From stored scores to cells: buckets, groups, seeds and the printed table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.config import TrainConfig
from benchmark.leaderboard import COLUMNS, bucket_of, group_runs, render_markdown, tabulate
from benchmark.metrics import accuracy
from benchmark.runs import Run
from ffpms.errors import ManifestError

ALL = ("DF", "F2F")


def scores(seed: int, n_pairs: int = 8, manipulations: tuple[str, ...] = ALL) -> pd.DataFrame:
    """Video and frame rows of n pairs, each with two originals and two fakes a manipulation."""
    draw = np.random.default_rng(seed)
    rows = []
    for pair in range(n_pairs):
        for kind in ("original", *manipulations):
            for half in "ab":
                n_fake = 0 if kind == "original" else 1 + (pair * 3) % 19
                label = int(n_fake > 0)
                bag = {"bag_id": f"{kind}_{pair}{half}", "manipulation": kind, "pair_id": str(pair)}
                bag |= {"fake_rate": n_fake / 20, "status": "ok", "weight": None}
                score = float(np.clip(draw.normal(0.4 + 0.2 * label, 0.2), 0, 1))
                rows.append(bag | {"level": "video", "slot": -1, "y_true": label, "score": score})
                rows += [
                    bag | {"level": "frame", "slot": s, "y_true": int(s < n_fake), "score": draw.random()}
                    for s in range(20)
                ]
    return pd.DataFrame(rows)


def run(seed: int = 0, method: str = "s-mil", manipulations: tuple[str, ...] = ALL, **changes: object) -> Run:
    config = TrainConfig(method=method, manipulations=manipulations, seed=seed, **changes)  # type: ignore[arg-type]
    return Run(
        f"{method}-{seed}", config, "FFPMS", "abc", "code", scores(seed, manipulations=manipulations), scores(seed + 1)
    )


def test_buckets() -> None:
    rates = pd.Series([0.0, 0.05, 0.1, 0.14, 0.15, 0.3, 0.35, 0.95, 1.0])
    expected = ["", "5-10%", "10-15%", "10-15%", "15-20%", "30-35%", "35-40%", "95-100%", "95-100%"]
    assert bucket_of(rates).tolist() == expected


def test_every_level_of_20_has_a_bucket_of_its_own() -> None:
    assert bucket_of(pd.Series(np.arange(1, 20) / 20)).nunique() == 19


def test_cells_hold_what_the_scores_give() -> None:
    one = run()
    cells = tabulate([one])
    assert list(cells.columns) == list(COLUMNS)
    video = one.scores[(one.scores["level"] == "video") & one.scores["manipulation"].isin(["original", "DF"])]
    cell = cells[
        (cells["manipulation"] == "DF") & (cells["fake_rate_bucket"] == "all") & (cells["metric"] == "accuracy")
    ].iloc[0]
    assert cell["value"] == accuracy(video["y_true"].to_numpy(), video["score"].to_numpy())
    assert cell["n_videos"] == len(video)
    assert cell["ci_low"] < cell["value"] < cell["ci_high"]
    assert (cells["source"] == "ours").all()
    assert set(cells["metric"]) == {"accuracy", "auc", "frame_auc"}


def test_a_bucket_holds_its_fakes_and_all_originals() -> None:
    cells = tabulate([run()])
    cell = cells[(cells["manipulation"] == "DF") & (cells["fake_rate_bucket"] == "5-10%")].iloc[0]
    assert cell["n_videos"] == 16 + 2


def test_seeds_are_averaged_and_named() -> None:
    both, first, second = (tabulate(runs) for runs in ([run(0), run(1)], [run(0)], [run(1)]))
    np.testing.assert_allclose(both["value"], (first["value"] + second["value"]) / 2)
    assert set(both["seeds"]) == {"0;1"}
    assert set(both["run_ids"]) == {"s-mil-0;s-mil-1"}


def test_different_configurations_are_never_averaged() -> None:
    groups = group_runs([run(0), run(1, epochs=2), run(0, method="xn-avg")])
    assert [g.method for g in groups] == ["s-mil [epochs=30]", "s-mil [epochs=2]", "xn-avg"]


def test_training_on_each_manipulation_fills_one_row() -> None:
    cells = tabulate([run(0, manipulations=("DF",)), run(0, manipulations=("F2F",))])
    assert set(cells["method"]) == {"s-mil"}
    assert set(cells["manipulation"]) == {"DF", "F2F"}


def test_one_pair_gives_no_interval() -> None:
    one = run()
    alone = replace(one, scores=scores(0, n_pairs=1))
    assert tabulate([alone])["ci_low"].isna().all()


def test_the_table_has_a_method_a_row_and_a_manipulation_a_column() -> None:
    text = render_markdown(tabulate([run(), run(method="xn-avg")]))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert [c.strip() for c in lines[0].split("|")[1:-1]] == ["method", "DF", "F2F", "all"]
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["s-mil", "xn-avg"]


def test_no_run_is_said() -> None:
    with pytest.raises(ManifestError, match="no finished run"):
        tabulate([])
