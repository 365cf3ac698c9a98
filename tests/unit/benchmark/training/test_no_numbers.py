"""A loss or a score that is no number ends the run in one line, which says whose fault it is."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.data.batches import BagDataset
from benchmark.training.model import Model
from benchmark.training.predict import predict
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, run_trial
from detectors import Prediction, create
from detectors.errors import DetectorError
from detectors.pooling import SharpPool
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from tests.helpers.trials import CONFIG, CPU


def test_a_loss_that_is_no_number_ends_the_run_in_one_line(
    built_set: BuiltSet, resources: Resources, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"the loss is nan in epoch [12]; try a lower --lr$"):
        run_trial(Trial(replace(CONFIG, lr=1e30), built_set, tmp_path / "run"), resources)


def test_a_lower_rate_is_no_advice_where_nothing_was_trained(
    built_set: BuiltSet, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Trial(replace(CONFIG, epochs=1), built_set, tmp_path / "run")
    forward = SharpPool.forward
    monkeypatch.setattr(SharpPool, "forward", lambda *given: _nan(forward(*given)))
    with pytest.raises(ConfigError, match=r"nan in the first batch, before any step: look at the detector's code"):
        run_trial(run, resources)


def test_scores_that_are_no_numbers_are_explained_by_the_weights(
    built_set: BuiltSet, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = BagDataset(resources.faces(built_set), built_set.bags("test", CONFIG.manipulations)[:2])
    own = create("s-mil", "tiny").eval()
    forward = SharpPool.forward
    monkeypatch.setattr(SharpPool, "forward", lambda *given: _nan(forward(*given)))
    for precision, advice in (("fp32", "logarithm of 0"), ("bf16", "logarithm of 0 or try --precision fp32")):
        with pytest.raises(DetectorError, match=rf"video_logit is not a finite .* weights are finite: .*{advice}$"):
            predict(Model(own, replace(CONFIG, precision=precision), CPU), dataset)
    torch.nn.init.constant_([*own.parameters()][-1], 1e30)
    with pytest.raises(DetectorError, match=r"its weights are up to 1e\+30 \(pool\..*\): .*; try a lower --lr$"):
        predict(Model(own, CONFIG, CPU), dataset)
    torch.nn.init.constant_([*own.parameters()][-1], float("nan"))
    with pytest.raises(DetectorError, match=r"its weights are none either \(pool\..*\): .*; try a lower --lr$"):
        predict(Model(own, CONFIG, CPU), dataset)


def _nan(prediction: Prediction) -> Prediction:
    return prediction._replace(video_logit=prediction.video_logit * float("nan"))
