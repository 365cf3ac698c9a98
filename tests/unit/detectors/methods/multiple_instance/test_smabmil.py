"""Smoothing along time: what it does to successive faces, at gaps and at the ends."""

import pytest
import torch
from torch import Tensor

from detectors import create
from detectors.backbones import TINY
from detectors.methods.multiple_instance.smabmil import Smooth, SmoothAttentionPool, Where, bounded, chain
from detectors.random_bags import make_bag, make_faces


def smooth(alpha: float = 0.5, steps: int = 10, exact: bool = False) -> Smooth:
    return Smooth(alpha, steps, exact, learned=False)


def energy(values: Tensor) -> float:
    """U^T L U."""
    whole = torch.ones(1, len(values), dtype=torch.bool)
    return float(values @ (torch.eye(len(values)) - chain(whole)[0]) @ values)


def test_a_face_takes_part_in_both_neighbours_alike() -> None:
    """One step: half of it stays; neighbours with two of their own give a quarter, an end more."""
    step = smooth(steps=1)(torch.ones(1, 5, dtype=torch.bool))[0]
    torch.testing.assert_close(step[2], torch.tensor([0.0, 0.25, 0.5, 0.25, 0.0]))
    torch.testing.assert_close(step[0], torch.tensor([0.5, 0.5 / 2**0.5, 0.0, 0.0, 0.0]))


@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.9])
def test_differences_of_neighbours_shrink(alpha: float) -> None:
    values = torch.randn(9, generator=torch.Generator().manual_seed(0))
    for exact in (False, True):
        smoothed = smooth(alpha, exact=exact)(torch.ones(1, 9, dtype=torch.bool))[0] @ values
        assert energy(smoothed) < energy(values)


def test_many_steps_are_the_exact_operator() -> None:
    mask = torch.ones(1, 7, dtype=torch.bool)
    torch.testing.assert_close(smooth(0.7, steps=80)(mask), smooth(0.7, exact=True)(mask))


@pytest.mark.parametrize("where", ["early", "mid", "late"])
def test_a_gap_is_no_neighbour(where: Where) -> None:
    """Faces before and after a frame without a face are next to each other."""
    torch.manual_seed(0)
    pool = SmoothAttentionPool(8, 4, smooth(), where, spectral_norm=True)
    faces, mask = torch.randn(1, 6, 8), torch.tensor([[True, True, False, True, False, True]])
    with_gaps, without = pool(faces, mask), pool(faces[mask][None], torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(with_gaps.video_logit, without.video_logit)
    torch.testing.assert_close(with_gaps.frame_logit[mask], without.frame_logit[0])
    torch.testing.assert_close(with_gaps.weight[mask], without.weight[0])


@pytest.mark.parametrize("where", ["early", "mid", "late"])
def test_it_sees_who_is_next_to_whom_and_not_the_direction_of_time(where: Where) -> None:
    torch.manual_seed(0)
    detector, faces = create("sm-abmil", TINY, options={"where": where}).eval(), make_faces(6)
    with torch.no_grad():
        forth, back, shuffled = (
            detector(make_bag(faces[order])).video_logit
            for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2])
        )
    torch.testing.assert_close(forth, back)
    assert not torch.allclose(forth, shuffled, atol=1e-6, rtol=0)


def test_a_bounded_layer_makes_no_difference_larger() -> None:
    torch.manual_seed(0)
    layer, one, other = torch.nn.Linear(8, 5), torch.randn(50, 8), torch.randn(50, 8)
    torch.nn.init.normal_(layer.weight, std=9.0)
    shifts = (bounded(layer, one) - bounded(layer, other)).norm(dim=1)
    assert (shifts <= (one - other).norm(dim=1)).all()
    direction = torch.linalg.svd(layer.weight).Vh[0]
    torch.testing.assert_close((bounded(layer, direction) - layer.bias).norm(), torch.tensor(1.0))


@pytest.mark.parametrize("learned", [True, False])
def test_alpha_is_learned_unless_it_is_fixed(learned: bool) -> None:
    torch.manual_seed(0)
    detector = create("sm-abmil", TINY, options={"alpha": "0.3", "learn_alpha": str(learned).lower()})
    assert ("pool.smooth.raw" in dict(detector.named_parameters())) == learned
    raw = detector.state_dict()["pool.smooth.raw"]
    torch.testing.assert_close(raw.sigmoid(), torch.tensor(0.3))
    if learned:
        detector(make_bag(make_faces(4))).video_logit.sum().backward()
        assert dict(detector.named_parameters())["pool.smooth.raw"].grad != 0
