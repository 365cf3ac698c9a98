"""What an epoch is judged by on val bags."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.training.train import _auc


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_auc_is_scikit_learns_with_ties_and_logits_of_any_size(scale: float) -> None:
    draw = np.random.default_rng(3)
    label = np.arange(60) % 2
    logit = scale * np.round(draw.normal(size=60) + 0.5 * label, 1)
    assert len(set(logit)) < 60
    assert _auc(label, logit) == pytest.approx(roc_auc_score(label, logit), abs=1e-15)
