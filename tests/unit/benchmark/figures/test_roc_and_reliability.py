"""ROC curves and reliability diagrams: as scikit-learn has them, and as ECE and AUC say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as expected_curve

from benchmark.figures.diagrams import draw_reliability, draw_roc
from benchmark.figures.points import draw_first, summarise
from benchmark.figures.reliability import reliability
from benchmark.figures.roc import RATES, roc_curve
from benchmark.figures.trainings import training_curve
from benchmark.metrics import ece
from benchmark.metrics.score_arrays import read_rows
from tests.helpers.run_folders import store_all
from tests.helpers.scores import run


def videos_of(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rows = run(seed).scores
    rows = rows[rows["level"] == "video"]
    return rows["y_true"].to_numpy(), rows["score"].to_numpy()


def test_a_curve_is_scikit_learns() -> None:
    label, score = videos_of(0)
    found = roc_curve([run(0)])
    fpr, tpr, _ = expected_curve(label, score, drop_intermediate=False)
    inside = ~np.isin(RATES, fpr)
    np.testing.assert_allclose(found["tpr"][inside], np.interp(RATES[inside], fpr, tpr))
    assert found["tpr"].is_monotonic_increasing
    assert found["auc"].unique() == pytest.approx([roc_auc_score(label, score)])


def test_seeds_are_averaged_and_ties_are_one_step() -> None:
    one, other = run(0), run(1)
    both = roc_curve([one, other])
    np.testing.assert_allclose(both["tpr"], (roc_curve([one])["tpr"] + roc_curve([other])["tpr"]) / 2)
    constant = run(0)
    constant.scores["score"] = 0.5
    np.testing.assert_allclose(roc_curve([constant])["tpr"], RATES)


def test_bins_add_up_to_the_error() -> None:
    label, score = videos_of(0)
    found = reliability([run(0)])
    off = (found["n_videos"] * (found["share_fake"] - found["score"]).abs()).sum() / len(label)
    assert found["ece"].unique() == pytest.approx([ece(label, score)])
    assert off == pytest.approx(ece(label, score))
    assert reliability([run(0), run(1)])["n_videos"].sum() == pytest.approx(len(label))


def test_histories_are_averaged_over_seeds(tmp_path: Path) -> None:
    runs = [run(0), run(1)]
    folders = [store_all(one, tmp_path, epochs=3) for one in runs]
    named = [type(one)(**{**vars(one), "run_id": folder.name}) for one, folder in zip(runs, folders, strict=True)]
    found = training_curve(named, tmp_path)
    assert len(found) == 4 * 3
    assert set(found["n_seeds"]) == {2}
    assert found[found["metric"] == "train_loss"]["value"].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
    assert training_curve(named, tmp_path / "nowhere").empty


def test_pictures_are_drawn(tmp_path: Path) -> None:
    draw_roc(roc_curve([run(0), run(0, "xn-avg")]), "ROC", tmp_path / "roc.png")
    draw_reliability(reliability([run(0)]), "Reliability", tmp_path / "bins.png")
    assert {Image.open(path).size for path in tmp_path.glob("*.png")} == {(660, 704)}


def test_a_band_is_the_interval_of_the_curves_of_the_resamples() -> None:
    """Each resample takes the videos of a pair as often as it draws the pair."""
    rows, n = read_rows(run(0).scores, "video"), 40
    counts = draw_first(rows.n_pairs, n)
    at = 30
    samples = []
    for drawn in counts:
        times = drawn[rows.pair].astype(int)
        fpr, tpr, _ = expected_curve(rows.label.repeat(times), rows.score.repeat(times), drop_intermediate=False)
        samples.append(np.interp(RATES[at], fpr, tpr))
    found = roc_curve([run(0)], n).loc[at]
    assert found[["tpr", "ci_low", "ci_high"]].tolist() == pytest.approx(summarise(np.array(samples), rows))
    assert found["ci_low"] < found["tpr"] < found["ci_high"]
