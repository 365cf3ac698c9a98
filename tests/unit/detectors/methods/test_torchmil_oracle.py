"""Pools beyond the paper against torchmil (an independent implementation), with our weights copied into its modules."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from detectors.methods.abmil import GatedAttention
from detectors.methods.dsmil import DualStreamPool
from detectors.methods.transmil import TransPool
from detectors.pooling import AttentionPool, max_probability, mean_logit

WIDTH, ATTENTION = 24, 16
LENGTHS = (5, 1, 7, 3)


@pytest.fixture(scope="module")
def torchmil() -> Any:
    """The package, imported only here: who collects tests need not wait for it."""
    pytest.importorskip("torchmil.models")
    return pytest.importorskip("torchmil")


@pytest.fixture
def bags() -> tuple[Tensor, Tensor]:
    """Four bags with noise as padding.

    Shape: (4, 7, WIDTH), (4, 7).
    """
    torch.manual_seed(0)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return torch.randn(*mask.shape, WIDTH), mask


def copy(pairs: dict[nn.Module, nn.Module]) -> None:
    """Ours -> theirs."""
    for ours, theirs in pairs.items():
        theirs.load_state_dict(ours.state_dict())


def close(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs.to(ours.dtype), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("gated", [False, True])
def test_abmil(torchmil: Any, bags: tuple[Tensor, Tensor], gated: bool) -> None:
    features, mask = bags
    if gated:
        attend: nn.Module = GatedAttention(WIDTH, ATTENTION)
        value, gate, score = attend.value, attend.gate, attend.score
    else:
        attend = nn.Sequential(nn.Linear(WIDTH, ATTENTION), nn.Tanh(), nn.Linear(ATTENTION, 1, bias=False))
        value, _, score = attend
    ours, theirs = AttentionPool(WIDTH, attend), torchmil.models.ABMIL((WIDTH,), att_dim=ATTENTION, gated=gated)
    copy({value: theirs.pool.fc1.module, score: theirs.pool.fc2, ours.classify: theirs.classifier.module})
    if gated:
        copy({gate: theirs.pool.fc_gated.module})
    prediction = ours(features, mask)
    logit, raw = theirs(features, mask, return_att=True)  # attention before the softmax
    close(prediction.video_logit, logit)
    assert prediction.weight is not None
    close(prediction.weight, raw.masked_fill(~mask, -torch.inf).softmax(dim=1))


def test_dsmil(torchmil: Any, bags: tuple[Tensor, Tensor]) -> None:
    features, mask = bags
    ours, theirs = DualStreamPool(WIDTH, ATTENTION), torchmil.models.DSMIL((WIDTH,), att_dim=ATTENTION)
    theirs.v_nn = nn.Linear(WIDTH, WIDTH)  # the paper's values; without it theirs are the features themselves
    copy(
        {
            ours.classify: theirs.inst_classifier,
            ours.query: theirs.q_nn,
            ours.value: theirs.v_nn,
            ours.classify_bag: theirs.bag_classifier,
        }
    )
    # torchmil looks for the critical instance among the padding too: padding is made the least fake of all.
    lowest = -100 * ours.classify.weight.detach().squeeze(0)
    features = torch.where(mask[..., None], features, lowest)
    critical, attended = ours.streams(features, mask)
    logit, weight, each = theirs(features, mask, return_att=True, return_inst_pred=True)
    close(attended.video_logit, logit)
    close(critical.frame_logit[mask], each[mask])
    assert attended.weight is not None
    close(attended.weight, weight.squeeze(-1))
    close(ours(features, mask).video_logit, theirs.predict(features, mask))


def transmil_of(torchmil: Any, ours: TransPool, tokens: int) -> Any:
    """Theirs with our weights, where Nystrom's approximation is exact: a landmark a token, a pseudo-inverse that has
    converged."""
    theirs = torchmil.models.TransMIL(
        (WIDTH,), att_dim=WIDTH, n_heads=ours.first.heads, n_landmarks=tokens, pinv_iterations=25
    )
    theirs.cls_token.data.copy_(ours.token.data)
    for our_layer, their_layer in zip((ours.first, ours.second), theirs.layers, strict=True):
        attention = their_layer.att_module
        attention.out_proj = nn.Linear(WIDTH, WIDTH)  # in the authors' code, not in torchmil's
        copy(
            {
                our_layer.norm: their_layer.norm1,
                our_layer.project: attention.qkv_nn,
                our_layer.merge: attention.out_proj,
            }
        )
    position = theirs.pos_layer
    copy(dict(zip(ours.position.scales, (position.proj, position.proj1, position.proj2), strict=True)))
    copy({ours.norm: theirs.norm, ours.classify: theirs.classifier})
    return theirs


@pytest.mark.parametrize("count", [1, 2, 5, 9, 16, 20])
def test_transmil(torchmil: Any, count: int) -> None:
    torch.manual_seed(count)
    tokens = 1 + next(side * side for side in range(9) if side * side >= count)
    ours = TransPool(WIDTH, heads=4)
    theirs = transmil_of(torchmil, ours, tokens)
    looks: list[Tensor] = []
    theirs.layers[-1].register_forward_hook(lambda _, __, made: looks.append(made[1]))
    faces = torch.randn(3, count, WIDTH, dtype=torch.float64)
    prediction = ours.double()(faces, torch.ones(3, count, dtype=torch.bool))
    logit, _ = theirs.double()(faces, return_att=True)
    close(prediction.video_logit, logit)
    # The attention it returns leaves out the faces that fill the square; we add theirs to the faces they repeat.
    weight = looks[0].mean(dim=1)[:, 0, 1:]
    weight[:, : tokens - 1 - count] += weight[:, count:]
    assert prediction.weight is not None
    close(prediction.weight, weight[:, :count] / weight[:, :count].sum(dim=1, keepdim=True))


def test_mean_and_max(torchmil: Any, bags: tuple[Tensor, Tensor]) -> None:
    """torchmil pools embeddings: for the mean, a linear classifier of it is the mean logit."""
    features, mask = bags
    classify = nn.Linear(WIDTH, 1)
    each = classify(features).squeeze(-1)
    close(mean_logit(each, mask), classify(torchmil.nn.MeanPool()(features, mask)).squeeze(-1))
    close(max_probability(each, mask), torchmil.nn.MaxPool()(each[..., None], mask).squeeze(-1))
