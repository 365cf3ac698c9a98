"""CLAM's clustering loss: which faces it takes, and what it is."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import cross_entropy

from detectors import create
from detectors.backbones import TINY
from detectors.methods.multiple_instance.clam import ClusteringDetector, ClusteringPool, extremes
from detectors.random_bags import make_bag, make_faces

LABEL = torch.tensor([1.0, 0.0])


def clam(**options: str) -> ClusteringDetector:
    torch.manual_seed(0)
    detector = create("clam", TINY, options=options).eval()
    assert isinstance(detector, ClusteringDetector)
    return detector


@pytest.mark.parametrize(
    ("k", "wanted"),
    [(1, [-1, 0, 1, 0, 0]), (2, [-1, 0, 1, 1, -1]), (8, [-1, 0, 1, 1, -1])],
)
def test_no_face_is_both_highest_and_lowest(k: int, wanted: list[int]) -> None:
    weight = torch.tensor([[0.0, 0.2, 0.4, 0.3, 0.1, 0.9, 0.9]])
    mask = torch.tensor([[True] * 5 + [False] * 2])
    assert extremes(weight, mask, k).tolist() == [[*wanted, 0, 0]]


def test_one_face_is_neither() -> None:
    one = torch.tensor([[True, False]])
    assert extremes(torch.tensor([[1.0, 0.0]]), one, k=3).tolist() == [[0, 0]]
    pool = ClusteringPool(4, 3, k=1, margin=1.0)
    assert pool.instance_loss(torch.randn(1, 2, 4), one, torch.tensor([[1.0, 0.0]]), torch.ones(1)) == 0


@pytest.fixture
def lesson() -> tuple[Tensor, Tensor, Tensor]:
    """Features of two videos of six faces, their mask and weights."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.rand(2, 6, generator=generator).softmax(dim=1)
    return torch.randn(2, 6, 4, generator=generator), torch.ones(2, 6, dtype=torch.bool), weight


@pytest.mark.parametrize("margin", [0.0, 1.0])
def test_the_loss_is_that_of_two_logits_a_class(lesson: tuple[Tensor, Tensor, Tensor], margin: float) -> None:
    """Cross-entropy of (0, c), after the margin of the smooth SVM is added to the wrong logit."""
    features, mask, weight = lesson
    pool, wanted = ClusteringPool(4, 3, k=2, margin=margin), []
    for faces, given, label in zip(features, weight, LABEL.long(), strict=True):
        order = given.argsort(descending=True)
        for target, chosen in ((1, order[:2]), (0, order[-2:])):
            logits = torch.stack([torch.zeros(2), pool.cluster(faces[chosen])[:, label]], dim=1)
            logits[:, 1 - target] += margin
            wanted.append(cross_entropy(logits, torch.full((2,), target)))
    torch.testing.assert_close(pool.instance_loss(features, mask, weight, LABEL), torch.stack(wanted).mean())


def test_each_class_has_a_classifier_of_its_own(lesson: tuple[Tensor, Tensor, Tensor]) -> None:
    pool = ClusteringPool(4, 3, k=2, margin=1.0)
    pool.instance_loss(*lesson, torch.ones(2)).backward()
    assert pool.cluster.weight.grad is not None
    assert (pool.cluster.weight.grad[0] == 0).all()
    assert (pool.cluster.weight.grad[1] != 0).all()


@pytest.mark.parametrize("bag_weight", ["1.0", "0.7", "0.2"])
def test_the_loss_is_a_mean_of_both(bag_weight: str) -> None:
    detector, bag = clam(bag_weight=bag_weight), make_bag(make_faces(4), make_faces(5, seed=1))
    prediction, loss = detector.learn(bag, LABEL, None)
    of_video, part = bce(prediction.video_logit, LABEL), float(bag_weight)
    of_faces = detector.pool.instance_loss(detector.embed(bag), bag.mask, prediction.weight, LABEL)
    torch.testing.assert_close(loss, part * of_video + (1 - part) * of_faces)


def test_options_choose_the_loss() -> None:
    assert (clam().pool.margin, clam().pool.k) == (1.0, 1)
    assert (clam(instance_loss="ce").pool.margin, clam(k="4").pool.k) == (0.0, 4)
