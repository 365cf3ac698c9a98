"""The accuracy-by-fake-rate curve says what the scores say."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import roc_auc_score

from benchmark.demo import conclude
from benchmark.figures.fake_rate import COLUMNS, grid_curve, range_of, rate_curve
from benchmark.figures.frame_count import frame_curve
from benchmark.figures.plotting import draw_bars, draw_picture, write_curve
from benchmark.metrics.accuracy import accuracy
from benchmark.runs.folder import Run
from benchmark.training.predict import BagScore
from benchmark.trials.frame_subset_scores import score_fewer
from benchmark.trials.rate_grid_scores import score_grid
from benchmark.trials.scoring import tabulate_scores
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from tests.helpers.scores import fewer_scores, grid_scores, run
from tests.helpers.tiny_set import make_set

KINDS = ("DF", "F2F")


@given(st.integers(2, 400))
def test_each_rate_of_any_number_of_frames_is_in_one_range(n_frames: int) -> None:
    """And rate 0 is in none."""
    levels = np.arange(n_frames + 1)
    assert range_of(levels / n_frames).tolist() == [(4 * level - 1) // n_frames for level in levels]


@given(st.floats(0, 1, exclude_min=True))
def test_no_fake_is_without_a_range(rate: float) -> None:
    (place,) = range_of([rate])
    assert place / 4 - 1e-8 <= rate <= (place + 1) / 4 + 1e-8


def test_the_ranges_of_20_frames_are_what_they_were() -> None:
    places = range_of(np.arange(1, 21) / 20)
    assert [(np.flatnonzero(places == k) + 1).tolist() for k in range(4)] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
        [11, 12, 13, 14, 15],
        [16, 17, 18, 19, 20],
    ]


@pytest.mark.parametrize("n_frames", [10, 16, 25, 30])
def test_the_curve_of_any_number_of_frames_has_every_fake_once(n_frames: int) -> None:
    """Of 30 frames 1 and 8 lay in no range, and of 25 also 7 and 13."""
    one = run(n_pairs=n_frames)
    pair = one.scores["pair_id"].str.removeprefix("test").astype(int)
    rate = ((1 + pair % (n_frames - 1)) / n_frames).where(one.scores["fake_rate"] > 0, 0.0)
    curve = rate_curve([replace(one, scores=one.scores.assign(fake_rate=rate))]).query("metric == 'auc'")
    assert curve["n_fakes"].sum() == 2 * 2 * n_frames
    assert curve["low"].min() == pytest.approx(1 / n_frames)
    assert curve["high"].max() == pytest.approx(1 - 1 / n_frames)
    assert (curve["low"].to_numpy()[1:] > curve["high"].to_numpy()[:-1]).all()


def test_fakes_without_a_real_frame_are_in_the_last_range() -> None:
    one = run()
    whole = replace(one, scores=one.scores.assign(fake_rate=(one.scores["fake_rate"] > 0).astype(float)))
    assert rate_curve([whole])[["low", "high", "n_fakes"]].to_numpy().tolist() == [[1.0, 1.0, 32]] * 2


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
    assert "    5-20 % █" in bars, "the rates that there are"
    assert "     100 % █" in draw_bars(grid_curve([with_grid()]))
    assert f"{100 * curve['value'].iloc[0]:5.1f}" in bars
    draw_picture(curve, "test", tmp_path / "curve.png")
    assert Image.open(tmp_path / "curve.png").size[0] > 600
    said = conclude(curve)
    ranked = curve[curve["metric"] == "auc"]["value"].iloc[0]
    assert f"s-mil {100 * ranked:.0f} ->" in said
    assert "xn-avg" in said
    assert "from 5 to 100 % fake frames" in conclude(grid_curve([with_grid()]))


def score_none(bags: Sequence[BagRecord]) -> Iterator[BagScore]:
    assert not any(bag.crops for bag in bags)
    return iter(())


def with_grid(seed: int = 0, method: str = "s-mil") -> Run:
    one = run(seed, method)
    return replace(one, grid=grid_scores(one.scores, seed))


def reals_of(one: Run) -> pd.DataFrame:
    return one.scores[(one.scores["level"] == "video") & (one.scores["y_true"] == 0)]


def test_a_point_of_the_grid_is_the_mean_over_bags_and_draws() -> None:
    one = with_grid()
    curve = grid_curve([one])
    found = one.grid[one.grid["n_fake"] == 7]["score"] >= 0.5
    reals = reals_of(one)["score"] < 0.5
    points = curve[curve["low"] == 0.35].set_index("metric")
    assert points.loc["tpr", "value"] == pytest.approx(found.mean())
    assert points.loc["accuracy", "value"] == pytest.approx((found.mean() + reals.mean()) / 2)
    scores = np.r_[one.grid.loc[one.grid["n_fake"] == 7, "score"], reals_of(one)["score"]]
    labels = np.repeat([1, 0], [len(found), len(reals)])
    assert points.loc["auc", "value"] == pytest.approx(roc_auc_score(labels, scores))
    assert (points["n_fakes"] == 32).all()
    assert (points["ci_low"] < points["value"]).all()
    assert (points["value"] < points["ci_high"]).all()


def test_the_grid_has_every_rate_and_no_accuracy_where_nothing_is_fake() -> None:
    curve = grid_curve([with_grid()])
    assert curve.groupby("metric")["low"].agg(["min", "max", "size"]).T.to_dict("list") == {
        "accuracy": [0.05, 1.0, 20],
        "auc": [0.05, 1.0, 20],
        "tpr": [0.0, 1.0, 21],
    }
    assert (curve["low"] == curve["high"]).all()


def test_a_faceless_video_is_in_every_curve_whether_real_or_fake(tmp_path: Path) -> None:
    """In a set without any face all is undecided, so all real videos are wrong and all fakes right."""
    data = BuiltSet.load(make_set(tmp_path / "bare", faces=False))
    test = data.bags("test", KINDS)
    grid = score_grid(data, *(data.pure("test", KINDS, fake) for fake in (True, False)), score_none)
    scores, fewer = tabulate_scores(test, score_none, print), score_fewer(test, 4, score_none)
    faceless = replace(run(), scores=scores, grid=grid, fewer=fewer)
    for curve in (rate_curve([faceless]), grid_curve([faceless]), frame_curve([faceless])):
        assert (curve.loc[curve["metric"] == "accuracy", "value"] == 0.5).all()
    points = grid_curve([faceless])
    assert points["low"].nunique() == 5
    assert (points["n_fakes"] == 4).all()
    assert (points.loc[points["metric"] == "tpr", "value"] == 1).all(), "a score of 0.5 counts as fake"


def test_bands_are_drawn_over_pairs() -> None:
    """All bags of a pair alike: as many draws and bags as one likes make the band no narrower."""
    one = with_grid()
    level = one.grid["pair_id"].map({f"test{k}": k / 8 for k in range(8)})
    alike = replace(one, grid=one.grid.assign(score=level))
    few = replace(one, grid=alike.grid[(alike.grid["draw"] == 0) & alike.grid["bag_id"].str.startswith("DF")])
    bands = [grid_curve([r]).query("metric == 'tpr'")[["ci_low", "ci_high"]].to_numpy() for r in (alike, few)]
    np.testing.assert_allclose(bands[0], bands[1])
    assert (bands[0][:, 1] - bands[0][:, 0] > 0.5).all()


def test_seeds_are_averaged() -> None:
    both, *each = (grid_curve(runs)["value"] for runs in ([with_grid(0), with_grid(1)], [with_grid(0)], [with_grid(1)]))
    np.testing.assert_allclose(both, (each[0] + each[1]) / 2)


def test_runs_without_grid_scores_are_left_out() -> None:
    assert set(grid_curve([with_grid(), run(method="xn-avg")])["method"]) == {"s-mil"}
    assert grid_curve([run()]).empty


def test_the_picture_of_a_grid_has_a_panel_a_metric(tmp_path: Path) -> None:
    curve = grid_curve([with_grid(), with_grid(5, "xn-avg")])
    draw_picture(curve, "test", tmp_path / "curve.png")
    three = Image.open(tmp_path / "curve.png").size
    draw_picture(curve[curve["metric"] == "tpr"], "test", tmp_path / "curve.png")
    assert three[0] == 3 * Image.open(tmp_path / "curve.png").size[0]
    assert not pd.isna(curve["value"]).any()


def with_fewer(seed: int = 0, method: str = "s-mil") -> Run:
    one = run(seed, method)
    return replace(one, fewer=fewer_scores(one.scores))


def test_a_point_of_the_frame_curve_is_of_all_videos_at_that_number() -> None:
    one = with_fewer()
    points = frame_curve([one]).query("metric == 'accuracy'").set_index("n_frames")
    seen = one.fewer[one.fewer["n_frames"] == 4]
    assert points.loc[4, "value"] == pytest.approx(accuracy(seen["y_true"].to_numpy(), seen["score"].to_numpy()))
    assert list(points.index) == [1, 4, 20]
    assert (points["n_videos"] == len(seen)).all()
    assert points.loc[4, "ci_low"] < points.loc[4, "value"] < points.loc[4, "ci_high"]


def test_the_frame_curve_averages_seeds_and_leaves_out_runs_without_such_scores() -> None:
    runs = [with_fewer(0), with_fewer(1)]
    both, *each = (frame_curve(some)["value"] for some in (runs, runs[:1], runs[1:]))
    np.testing.assert_allclose(both, (each[0] + each[1]) / 2)
    assert set(frame_curve([with_fewer(), run(method="xn-avg")])["method"]) == {"s-mil"}


def test_a_curve_is_written_as_a_picture_and_as_its_numbers(tmp_path: Path) -> None:
    curve = frame_curve([with_fewer(), with_fewer(0, "xn-avg")])
    picture, table = write_curve(curve, tmp_path / "new" / "frames.png", "test")
    assert Image.open(picture).size[0] > 1000
    assert len(pd.read_csv(table)) == len(curve) == 2 * 3 * 2


def test_detectors_of_one_manipulation_each_are_lines_of_their_own() -> None:
    each = [run(manipulations=(kind,)) for kind in ("DF", "F2F")]
    each = [replace(one, fewer=fewer_scores(one.scores), grid=grid_scores(one.scores)) for one in each]
    for curve in (rate_curve(each), grid_curve(each), frame_curve(each)):
        assert set(curve["method"]) == {"s-mil [DF]", "s-mil [F2F]"}
        assert curve["value"].notna().all()
    alone = grid_curve(each[:1])
    both = grid_curve(each)
    np.testing.assert_allclose(both.loc[both["method"] == "s-mil [DF]", "value"], alone["value"])


@pytest.mark.parametrize(("name", "said"), [("c.xyz", "no name of a .png"), ("c.png", "the curve has no point")])
def test_a_curve_that_cannot_be_drawn_is_one_line(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        write_curve(pd.DataFrame(columns=COLUMNS), tmp_path / name, "title")
