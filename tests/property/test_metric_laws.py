"""Law 6: metrics and their intervals, against scikit-learn and against the plain way."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from benchmark.metrics import accuracy, auc
from benchmark.stats import interval, resample, resample_accuracy, resample_auc
from ffpms.errors import ManifestError

METRICS = {"accuracy": accuracy, "auc": auc}
tables = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda k: k / 20)), min_size=2, max_size=60)


def columns(rows: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    label, score = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assume(0 < label.sum() < len(label))
    return label, score


@pytest.mark.parametrize("name", METRICS)
@given(labels=st.lists(st.integers(0, 1), min_size=2, max_size=40))
def test_perfect_gives_1_and_constant_gives_half(name: str, labels: list[int]) -> None:
    label = np.array(labels)
    assume(0 < label.sum() < len(label))
    assert METRICS[name](label, label.astype(float)) == 1
    assert METRICS[name](label, np.full(len(label), 0.7)) == 0.5


@pytest.mark.parametrize("name", METRICS)
@given(rows=tables, data=st.data())
def test_row_order_changes_nothing(name: str, rows: list[tuple[int, float]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert METRICS[name](*columns(rows)) == pytest.approx(METRICS[name](*columns(shuffled)), abs=1e-12)


@given(tables)
def test_equal_to_scikit_learn(rows: list[tuple[int, float]]) -> None:
    label, score = columns(rows)
    assert accuracy(label, score) == pytest.approx(balanced_accuracy_score(label, score >= 0.5), abs=1e-12)
    assert auc(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_one_class_is_not_defined_and_nonsense_is_refused(name: str) -> None:
    metric = METRICS[name]
    assert np.isnan(metric(np.ones(3, int), np.ones(3)))
    for label, score in (([0, 1], [0.1]), ([0, 2], [0.1, 0.2]), ([0, 1], [0.1, np.nan]), ([0, 1], [0.1, 1.2])):
        with pytest.raises(ManifestError):
            metric(np.array(label), np.array(score))


@settings(max_examples=25, deadline=None)
@given(rows=tables, data=st.data())
def test_intervals_equal_the_plain_bootstrap(rows: list[tuple[int, float]], data: st.DataObject) -> None:
    """The closed forms against drawing whole clusters of rows and calling the metric on each resample."""
    label, score = columns(rows)
    cluster = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))))
    counts = resample(4, n_resamples=60, seed=1)
    for metric, resampled in ((accuracy, resample_accuracy), (auc, resample_auc)):
        values = []
        for drawn in counts.astype(int):
            rows_drawn = np.repeat(np.arange(len(label)), drawn[cluster])
            if 0 < label[rows_drawn].sum() < len(rows_drawn):
                values.append(metric(label[rows_drawn], score[rows_drawn]))
        expected = np.quantile(values, [0.025, 0.975]) if values else (np.nan, np.nan)
        np.testing.assert_allclose(interval(resampled(label, score, cluster, counts)), expected, atol=1e-9)


def test_resamples_draw_as_many_clusters_as_there_are() -> None:
    counts = resample(70)
    assert (counts.sum(axis=1) == 70).all()
    assert np.array_equal(counts, resample(70))
