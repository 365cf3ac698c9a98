"""Pools beyond the paper against torchmil (an independent implementation), with our weights copied into its modules."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import laplacian
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import cross_entropy

from detectors.methods.multiple_instance.clam import ClusteringPool
from detectors.methods.multiple_instance.dsmil import DualStreamPool
from detectors.methods.multiple_instance.dtfd import DoubleTierPool, deal, pseudo_bag_loss
from detectors.methods.multiple_instance.smabmil import Smooth, SmoothAttentionPool, Where
from detectors.methods.multiple_instance.transmil import TransPool
from detectors.pooling import AttentionPool, GatedAttention, max_probability, mean_logit

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


def tanh_attention() -> nn.Sequential:
    return nn.Sequential(nn.Linear(WIDTH, ATTENTION), nn.Tanh(), nn.Linear(ATTENTION, 1, bias=False))


@pytest.mark.parametrize("gated", [False, True])
def test_abmil(torchmil: Any, bags: tuple[Tensor, Tensor], gated: bool) -> None:
    features, mask = bags
    if gated:
        attend: nn.Module = GatedAttention(WIDTH, ATTENTION)
        value, gate, score = attend.value, attend.gate, attend.score
    else:
        attend = tanh_attention()
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


def chains() -> Tensor:
    """Each bag's faces joined to the next: I - L of scipy's normalised Laplacian L, with zeros at padding."""
    made = torch.zeros(len(LENGTHS), max(LENGTHS), max(LENGTHS))
    for count, matrix in zip(LENGTHS, made, strict=True):
        joined = np.eye(count, k=1) + np.eye(count, k=-1)
        matrix[:count, :count] = torch.from_numpy(np.eye(count) - laplacian(joined, normed=True)).float()
    return made


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("where", ["early", "mid", "late"])
@pytest.mark.parametrize("alpha", [0.3, 0.5])
def test_smooth_attention(torchmil: Any, bags: tuple[Tensor, Tensor], where: Where, exact: bool, alpha: float) -> None:
    features, mask = bags
    ours = SmoothAttentionPool(WIDTH, ATTENTION, Smooth(alpha, 10, exact, learned=True), where, spectral_norm=False)
    mode = "exact" if exact else "approx"
    theirs = torchmil.models.SmABMIL((WIDTH,), att_dim=ATTENTION, sm_where=where, sm_mode=mode)
    copy({ours.value: theirs.pool.proj1, ours.score: theirs.pool.proj2, ours.classify: theirs.last_layer})
    # Theirs learns c = a / (1 - a) where it solves, and c = (1 - a) / a where it repeats.
    theirs.pool.sm.sm.coef.data.fill_(alpha / (1 - alpha) if exact else (1 - alpha) / alpha)
    logit, raw = theirs(features, chains(), mask, return_att=True)
    prediction = ours(features, mask)
    close(prediction.video_logit, logit)
    assert prediction.weight is not None
    close(prediction.weight, raw.masked_fill(~mask, -torch.inf).softmax(dim=1))


@pytest.mark.parametrize("where", ["early", "mid", "late"])
def test_spectral_norms_are_what_power_iteration_tends_to(
    torchmil: Any, bags: tuple[Tensor, Tensor], where: Where
) -> None:
    features, mask = bags
    ours = SmoothAttentionPool(WIDTH, ATTENTION, Smooth(0.5, 10, exact=False, learned=True), where, spectral_norm=True)
    theirs = torchmil.models.SmABMIL((WIDTH,), att_dim=ATTENTION, sm_where=where, spectral_norm=True)
    for our_layer, their_layer in ((ours.value, theirs.pool.proj1), (ours.score, theirs.pool.proj2)):
        normed = getattr(their_layer, "parametrizations", None)
        (normed.weight.original if normed else their_layer.weight).data.copy_(our_layer.weight.data)
    theirs.pool.proj1.bias.data.copy_(ours.value.bias.data)
    copy({ours.classify: theirs.last_layer})
    for _ in range(500):  # a step each while it trains
        logit = theirs(features, chains(), mask)
    close(ours(features, mask).video_logit, logit)


def test_clam(torchmil: Any, bags: tuple[Tensor, Tensor]) -> None:
    """With cross-entropy: their smooth SVM mixes up the instances, since its labels have an axis too many."""
    features, mask = bags
    ours = ClusteringPool(WIDTH, ATTENTION, k=1, margin=0.0)
    theirs = torchmil.models.CLAM_SB((WIDTH,), att_dim=ATTENTION, k_sample=1, gated=True)
    del theirs.inst_loss_fn
    theirs.inst_loss_fn = lambda logits, target: cross_entropy(logits, target.squeeze(-1).long())
    attend = ours.attend
    copy({attend.value: theirs.pool.fc1.module, attend.gate: theirs.pool.fc_gated.module})
    copy({attend.score: theirs.pool.fc2, ours.classify: theirs.classifier.module})
    for own, layer in enumerate(theirs.inst_classifiers):  # theirs has two logits a class, ours their difference
        layer.module.weight.data.copy_(torch.stack([torch.zeros(WIDTH), ours.cluster.weight[own].detach()]))
        layer.module.bias.data.copy_(torch.stack([torch.zeros(()), ours.cluster.bias[own].detach()]))
    prediction, (logit, raw) = ours(features, mask), theirs(features, mask, return_att=True)
    close(prediction.video_logit, logit)
    label = torch.tensor([1.0, 1.0, 0.0, 0.0])
    wanted = [
        theirs.inst_eval(raw[row], features[row], theirs.inst_classifiers[int(label[row])], mask[row])[0]
        for row in (0, 2, 3)  # the second has one face: theirs calls it both
    ]
    close(ours.instance_loss(features, mask, prediction.weight, label), sum(wanted) / 4)


@pytest.mark.parametrize("count", [3, 8, 10])
def test_dtfd(torchmil: Any, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Theirs shuffles all bags alike, so it is given one; its other ways to distil keep every face."""
    torch.manual_seed(count)
    faces, mask, label = torch.randn(1, count, WIDTH), torch.ones(1, count, dtype=torch.bool), torch.ones(1)
    ours = DoubleTierPool(WIDTH, ATTENTION, groups=4, distill="afs").eval()
    attends = [tanh_attention(), tanh_attention()]  # theirs has no gates
    ours.attend, ours.attend_distilled = attends  # type: ignore[assignment]
    theirs = torchmil.models.DTFDMIL((WIDTH,), att_dim=ATTENTION, n_groups=4, distill_mode="afs")
    for attend, pool in zip(attends, (theirs.attention_pool, theirs.u_attention_pool), strict=True):
        copy({attend[0]: pool.fc1.module, attend[2]: pool.fc2})
    copy({ours.classify: theirs.classifier.module, ours.classify_distilled: theirs.u_classifier.module})
    dealt = deal(ours.classify(faces).squeeze(-1), mask, groups=4)[0].nonzero()[:, 1].numpy()
    monkeypatch.setattr(np.random, "shuffle", lambda places: np.copyto(places, dealt))
    _, losses = theirs.compute_loss(label, faces)
    logit, of_pseudo_bags = theirs(faces, return_pseudo_pred=True)
    first = ours.first(faces, mask)
    close(first.logit[first.used], of_pseudo_bags.flatten())
    close(pseudo_bag_loss(first, label), losses["BCEWithLogitsLoss_t2"])
    prediction = ours(faces, mask)
    close(prediction.video_logit, logit)
    close(bce(prediction.video_logit, label), losses["BCEWithLogitsLoss_t1"])
