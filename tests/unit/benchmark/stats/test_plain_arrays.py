"""``benchmark.stats`` as a library: intervals and comparisons of arrays are the leaderboard's own."""

from typing import Any

import numpy as np
import pytest

from benchmark import metrics, stats
from benchmark.leaderboards.board import make_board
from benchmark.metrics.catalogue import METRICS
from ffpms.errors import ConfigError
from tests.helpers.scores import run

METHODS = (("s-mil", 0.2), ("lstm", 0.05))
ONE, OTHER = run(), run(method="lstm", skill=0.05)
THREE, OTHERS = [[run(seed, method, skill=skill) for seed in (0, 1000, 2000)] for method, skill in METHODS]
NAMED = [name for name, metric in METRICS.items() if metric.level == "video" and not metric.needs_val]


def columns(of: Any = ONE) -> tuple[Any, Any, Any]:
    rows = of.scores[of.scores["level"] == "video"]
    return rows["y_true"], rows["score"], rows["pair_id"]


@pytest.fixture(scope="module")
def board():  # type: ignore[no-untyped-def]
    return make_board([ONE, OTHER])


@pytest.mark.parametrize("metric", NAMED)
def test_the_interval_is_the_boards(board: Any, metric: str) -> None:
    cells = board.cells[(board.cells["fake_rate_bucket"] == "all") & (board.cells["manipulation"] == "all")]
    cell = cells[(cells["metric"] == metric) & (cells["method"] == "s-mil")].iloc[0]
    found = stats.bootstrap_interval(*columns(), metric)
    assert tuple(found) == pytest.approx((cell["value"], cell["ci_low"], cell["ci_high"]), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", ["accuracy", "auc", "brier"])
def test_a_function_gives_what_its_name_gives(name: str) -> None:
    by_name, by_function = (
        stats.bootstrap_interval(*columns(), metric, n_resamples=200, seed=3)
        for metric in (name, getattr(metrics, name))
    )
    assert tuple(by_function) == pytest.approx(tuple(by_name), abs=1e-6)
    assert by_name.low < by_name.value < by_name.high


def test_clusters_widen_the_interval() -> None:
    """Ten copies of each video tell no more than one."""
    label, score, cluster = (np.repeat(column, 10) for column in columns())
    own, alone = (stats.bootstrap_interval(label, score, c) for c in (cluster, np.arange(len(label))))
    assert own.high - own.low > 2 * (alone.high - alone.low)
    assert own.value == alone.value


@pytest.mark.parametrize("as_one", [list, np.array, tuple])
def test_the_comparison_is_the_boards(as_one: Any) -> None:
    rows = make_board([*THREE, *OTHERS]).comparisons
    label, _, cluster = columns()
    score, other = (as_one([columns(training)[1].to_numpy() for training in own]) for own in (THREE, OTHERS))
    for metric in ("accuracy", "auc"):
        row = rows[(rows["metric"] == metric) & (rows["manipulation"] == "all")].iloc[0]
        assert (row["method"], row["other"], row["test"]) == ("s-mil", "lstm", "welch")
        found = stats.paired_comparison(label, score, other, cluster, metric)
        assert tuple(found) == pytest.approx(tuple(row[["difference", "ci_low", "ci_high", "test", "p"]]), abs=1e-12)


@pytest.mark.parametrize("n_trainings", [0, 1, 2])
def test_fewer_than_three_trainings_are_not_tested(n_trainings: int) -> None:
    """No row at all is one training."""
    label, cluster = [0, 1] * 6, np.repeat(range(6), 2)
    score, other = [0.1, 0.9] * 6, [0.1, 0.9] * 4 + [0.1, 0.2] * 2
    found = stats.paired_comparison(label, [score] * n_trainings if n_trainings else score, [other] * 3, cluster)
    assert found.difference == pytest.approx(1 / 6)
    assert found.test == ""
    assert np.isnan([found.low, found.high, found.p]).all()


def test_trainings_of_other_lengths_are_refused() -> None:
    with pytest.raises(ConfigError, match="not two columns of one length"):
        stats.paired_comparison([0, 1], [[0.1, 0.9], [0.1]], [0.2, 0.3], [0, 1])


def test_a_single_cluster_has_no_interval() -> None:
    found = stats.bootstrap_interval([0, 1], [0.1, 0.9], ["a", "a"])
    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()


def test_fakes_of_a_single_cluster_have_no_interval_and_no_test() -> None:
    """One method finds the only fake, another does not: that was one video, not p = 2^-19."""
    label, cluster = [0] * 20 + [1], [*range(20), 0]
    found = stats.paired_comparison(label, [[0.1] * 20 + [0.9]] * 3, [[0.1] * 20 + [0.4]] * 3, cluster)
    assert (found.difference, found.test) == (0.5, "")
    assert np.isnan([found.low, found.high, found.p]).all()
    assert np.isnan(stats.bootstrap_interval(label, [0.1] * 20 + [0.9], cluster).low)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"metric": "frame_auc_within"}, "'frame_auc_within' is unknown; choose from accuracy, "),
        ({"metric": "accuracy_val"}, "'accuracy_val' is unknown"),
        ({"cluster": [0]}, r"cluster \(1,\) is not a column of the 2 rows"),
        ({"label": [0, 2]}, "labels are not all 0"),
        ({"score": [0.1, np.nan]}, "scores are not all numbers"),
        ({"n_resamples": 0}, "nothing to draw"),
        ({"label": [], "score": [], "cluster": []}, "nothing to draw"),
    ],
)
def test_a_wrong_argument_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        stats.bootstrap_interval(**({"label": [0, 1], "score": [0.1, 0.9], "cluster": [0, 1]} | wrong))


def test_only_what_the_board_tests_is_compared() -> None:
    with pytest.raises(ConfigError, match=r"'ece' is not tested; choose from accuracy, auc$"):
        stats.paired_comparison([0, 1], [0.1, 0.9], [0.2, 0.3], [0, 1], "ece")


def test_tests_refuse_what_is_no_number_of_theirs() -> None:
    with pytest.raises(ConfigError, match="not negative"):
        stats.mcnemar(-1, 2)
    for p in ([0.1, 1.2], [-0.1], [[0.1]]):
        with pytest.raises(ConfigError, match="p-values"):
            stats.holm(p)
