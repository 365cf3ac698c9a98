"""DTFD's pseudo-bags, what they hand on, and who learns from which loss."""

from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from detectors import create
from detectors.backbones import TINY
from detectors.methods.multiple_instance.dtfd import (
    Distillation,
    DoubleTierDetector,
    DoubleTierPool,
    deal,
    pseudo_bag_loss,
)
from detectors.random_bags import make_bag, make_faces

LABEL = torch.tensor([1.0, 0.0])
BAG = make_bag(make_faces(9), make_faces(3, seed=1))


def dtfd(**options: str) -> DoubleTierDetector:
    torch.manual_seed(0)
    detector = create("dtfd", TINY, options=options).eval()
    assert isinstance(detector, DoubleTierDetector)
    return detector


def test_each_face_is_in_one_pseudo_bag_and_their_sizes_are_alike() -> None:
    score, mask = torch.rand(2, 9), torch.arange(9) < torch.tensor([[9], [3]])
    member = deal(score, mask, groups=4)
    assert torch.equal(member.sum(dim=1), mask.long())
    assert member.sum(dim=2).tolist() == [[3, 2, 2, 2], [1, 1, 1, 0]]
    assert (score[0].argmax() == (member[0, 0] * score[0]).argmax()).item()


def test_training_draws_and_prediction_does_not() -> None:
    detector = dtfd()
    with torch.no_grad():
        assert torch.equal(detector(BAG).video_logit, detector(BAG).video_logit)
        detector.train()
        drawn = {detector(BAG).video_logit[0].item() for _ in range(5)}
    assert len(drawn) > 1


@pytest.mark.parametrize("distill", get_args(Distillation))
def test_what_a_pseudo_bag_hands_on(distill: Distillation) -> None:
    torch.manual_seed(0)
    pool = DoubleTierPool(8, 4, groups=2, distill=distill).eval()
    pool.attend.score.weight.data.mul_(20.0)  # attention and bias that would choose otherwise
    torch.nn.init.constant_(pool.classify.bias, 5.0)
    faces, mask = torch.randn(1, 12, 8), torch.ones(1, 12, dtype=torch.bool)
    logit = pool.classify(faces)[0, :, 0]
    rows: dict[str, list[Tensor]] = {"afs": [], "maxs": [], "mas": [], "lowest": []}
    for member in deal(logit[None], mask, groups=2)[0]:
        own = member.nonzero()[:, 0]
        attention = pool.attend(faces)[0, own, 0].softmax(dim=0)
        probability = torch.sigmoid(attention * (logit[own] - pool.classify.bias))  # Grad-CAM
        rows["afs"].append(attention @ faces[0, own])
        for name, best in (
            ("maxs", probability.argmax()),
            ("mas", attention.argmax()),
            ("lowest", probability.argmin()),
        ):
            rows[name].append(faces[0, own[best]])
    wanted = rows["maxs"] + rows["lowest"] if distill == "maxmins" else rows[distill]
    first = pool.first(faces, mask)
    torch.testing.assert_close((first.share @ faces)[0], torch.stack(wanted))


def test_a_video_with_few_faces_has_few_pseudo_bags() -> None:
    """Three of four are used; the empty one has a part neither in the loss nor in the video."""
    detector = dtfd(distill="maxmins")
    first = detector.pool.first(detector.embed(BAG), BAG.mask)
    assert first.used.tolist() == [[True] * 4, [True] * 3 + [False]]
    assert first.kept.tolist() == [[True] * 8, [True, True, True, False] * 2]
    wanted = (bce(first.logit[0], torch.ones(4)) + bce(first.logit[1, :3], torch.zeros(3))) / 2
    torch.testing.assert_close(pseudo_bag_loss(first, LABEL), wanted)


@pytest.mark.parametrize("joint", [True, False])
def test_both_tiers_learn_and_joint_says_whether_the_faces_learn_from_the_second(joint: bool) -> None:
    detector = dtfd(joint=str(joint).lower())
    prediction, loss = detector.learn(BAG, LABEL, None)
    first = detector.pool.first(detector.embed(BAG), BAG.mask)
    torch.testing.assert_close(loss, pseudo_bag_loss(first, LABEL) + bce(prediction.video_logit, LABEL))
    own = dict(detector.named_parameters())
    (both,) = torch.autograd.grad(loss, own["encoder.convolve.weight"], retain_graph=True)
    (tier_1,) = torch.autograd.grad(pseudo_bag_loss(first, LABEL), own["encoder.convolve.weight"])
    assert torch.allclose(both, tier_1) != joint
    (tier_2,) = torch.autograd.grad(loss, own["pool.classify_distilled.weight"])
    assert tier_2.any()


def test_the_video_is_told_from_its_faces_in_any_pseudo_bags() -> None:
    detector = dtfd().train()
    prediction = detector(BAG)
    assert prediction.weight is not None
    torch.testing.assert_close(prediction.weight.sum(dim=1), torch.ones(2))
    torch.testing.assert_close(prediction.video_logit, (prediction.weight * prediction.frame_logit).sum(dim=1))
