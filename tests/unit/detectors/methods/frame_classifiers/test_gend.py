"""GenD's losses are those of their formulas, with right gradients, and its features have length 1."""

import itertools
import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from detectors import create
from detectors.backbones import TINY
from detectors.errors import DetectorError
from detectors.losses import alignment_loss, uniformity_loss, video_loss
from detectors.random_bags import make_bag, make_faces


@pytest.fixture
def unit() -> Tensor:
    """Seven faces on a sphere, in double precision."""
    drawn = torch.randn(7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return normalize(drawn, dim=1)


LABEL = torch.tensor([0, 1, 0, 1, 1, 0, 1])


def squared(a: Tensor, b: Tensor) -> float:
    return sum((x - y) ** 2 for x, y in zip(a.tolist(), b.tolist(), strict=True))


def test_alignment_is_the_mean_over_pairs_of_a_label(unit: Tensor) -> None:
    pairs = [(i, j) for i, j in itertools.combinations(range(7), 2) if LABEL[i] == LABEL[j]]
    assert len(pairs) == 9
    wanted = sum(squared(unit[i], unit[j]) for i, j in pairs) / len(pairs)
    assert alignment_loss(unit, LABEL).item() == pytest.approx(wanted)


def test_uniformity_is_the_log_of_the_mean_potential(unit: Tensor) -> None:
    potentials = [math.exp(-2 * squared(a, b)) for a, b in itertools.combinations(unit, 2)]
    assert uniformity_loss(unit).item() == pytest.approx(math.log(sum(potentials) / len(potentials)))
    assert uniformity_loss(unit, t=0.5).item() == pytest.approx(
        math.log(sum(p**0.25 for p in potentials) / len(potentials))
    )


def test_their_gradients_are_those_of_finite_differences(unit: Tensor) -> None:
    free = (3 * unit).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: alignment_loss(normalize(x, dim=1), LABEL), free)
    assert torch.autograd.gradcheck(lambda x: uniformity_loss(normalize(x, dim=1)), free)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_faces_that_are_the_same_or_alone_have_finite_losses_and_gradients(count: int) -> None:
    same = torch.ones(count, 4, requires_grad=True)
    both = alignment_loss(normalize(same, dim=1), torch.arange(count)) + uniformity_loss(normalize(same, dim=1))
    both.backward()
    assert both.item() == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(same.grad).all()


def test_descending_them_keeps_a_label_together_and_spreads_all(unit: Tensor) -> None:
    free = unit.clone().requires_grad_()
    for _ in range(200):
        placed = normalize(free, dim=1)
        (step,) = torch.autograd.grad(alignment_loss(placed, LABEL) + uniformity_loss(placed), free)
        free = (free - 0.1 * step).detach().requires_grad_()
    placed, same = normalize(free, dim=1), LABEL[:, None] == LABEL
    distance = 2 - 2 * placed @ placed.T
    assert distance[same].max() < distance[~same].min()
    assert uniformity_loss(placed) < uniformity_loss(unit)


def test_the_detectors_loss_has_all_three_over_the_real_faces() -> None:
    """And padding has no part in it."""
    detector = create("gend", TINY, options={"alignment": "0.3", "uniformity": "0.7"}).eval()
    label, faces = torch.tensor([0.0, 1.0]), (make_faces(3), make_faces(2, seed=1))
    prediction, loss = detector.learn(make_bag(*faces), label, None)
    features = torch.cat([detector.backbone(each) for each in faces])
    unit, own = features / features.norm(dim=1, keepdim=True), torch.tensor([0, 0, 0, 1, 1])
    cross_entropy = video_loss(prediction, label, make_bag(*faces).mask, "frame")
    wanted = cross_entropy + 0.3 * alignment_loss(unit, own) + 0.7 * uniformity_loss(unit)
    torch.testing.assert_close(loss, wanted)
    torch.testing.assert_close(loss, detector.learn(make_bag(*faces, padding=3, filler=9.0), label, None)[1])


def test_features_have_length_1_and_the_classifier_is_linear_on_them() -> None:
    detector = create("gend", TINY).eval()
    bag = make_bag(make_faces(3))
    features = detector.embed(bag)
    torch.testing.assert_close(features.norm(dim=2), torch.ones(1, 3))
    scaled = detector.head(2 * features, bag.mask).frame_logit - detector.head(features, bag.mask).frame_logit
    torch.testing.assert_close(
        scaled, detector.head(features, bag.mask).frame_logit - detector.head(0 * features, bag.mask).frame_logit
    )


@pytest.mark.parametrize("option", ["alignment", "uniformity"])
@pytest.mark.parametrize("value", ["-0.1", "nan", "inf"])
def test_a_weight_that_is_none_is_refused(option: str, value: str) -> None:
    with pytest.raises(DetectorError, match=f"^gend: {option} = {value} makes no sense; take 0 or more$"):
        create("gend", TINY, options={option: value})
