"""The recurrent baseline: its recurrence, its last step, and what a face's logit means."""

import pytest
import torch

from detectors import create
from detectors.backbones import TINY
from detectors.bag import Bag
from detectors.detector import Detector
from detectors.methods.sequence_models.lstm import LastStep
from detectors.temporal_encoders import RecurrentEncoder


@pytest.fixture(scope="module")
def detector() -> Detector:
    torch.manual_seed(0)
    return create("lstm", TINY, options={"hidden": "12"}).eval()


def bag(count: int) -> Bag:
    faces = torch.rand(1, count, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    return Bag(faces, torch.ones(1, count, dtype=torch.bool))


def test_the_recurrence_is_an_lstms() -> None:
    """Gates input, forget, cell, output: c = f c + i g, h = o tanh(c), from zero."""
    torch.manual_seed(0)
    encoder = RecurrentEncoder(5, hidden=3)
    features = torch.randn(1, 4, 5)
    own = dict(encoder.recur.named_parameters())
    state, cell = torch.zeros(3), torch.zeros(3)
    expected = []
    for x in features[0]:
        gates = own["weight_ih_l0"] @ x + own["bias_ih_l0"] + own["weight_hh_l0"] @ state + own["bias_hh_l0"]
        i, f, g, o = gates.chunk(4)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        state = torch.sigmoid(o) * torch.tanh(cell)
        expected.append(state)
    found = encoder(features, torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(found[0], torch.stack(expected))


def test_the_video_is_its_last_real_step() -> None:
    torch.manual_seed(0)
    pool = LastStep(6)
    states = torch.randn(3, 4, 6)
    mask = torch.tensor([[True] * 4, [True, True, False, False], [True, False, False, False]])
    prediction = pool(states, mask)
    expected = [
        (states[row, last] @ pool.classify.weight[0] + pool.classify.bias[0]) for row, last in enumerate((3, 1, 0))
    ]
    torch.testing.assert_close(prediction.video_logit, torch.stack(expected))
    assert prediction.weight is None


def test_a_faces_logit_is_the_videos_if_it_ended_there(detector: Detector) -> None:
    whole = bag(5)
    with torch.no_grad():
        steps = detector(whole).frame_logit[0]
        ended = [detector(Bag(whole.faces[:, :n], whole.mask[:, :n])).video_logit[0] for n in range(1, 6)]
    torch.testing.assert_close(steps, torch.stack(ended))
    assert steps.unique().numel() == 5


def test_the_order_counts(detector: Detector) -> None:
    forth = bag(5)
    with torch.no_grad():
        back = detector(Bag(forth.faces.flip(1), forth.mask))
        assert abs(back.video_logit - detector(forth).video_logit) > 1e-5


def test_hidden_is_the_states_size_and_512_unless_told(detector: Detector) -> None:
    assert detector.encoder.recur.hidden_size == detector.pool.classify.in_features == 12
    assert create("lstm", TINY).encoder.recur.hidden_size == 512
    assert detector.encoder.recur.num_layers == 1
