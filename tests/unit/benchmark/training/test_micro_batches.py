"""What is learnt from a batch: its loss, and gradients that no way of sharing it changes."""

from dataclasses import replace

import pytest
import torch

from benchmark.data.batches import Batch
from benchmark.data.training_sets import part_size
from benchmark.training.distributed import SINGLE, Ranks
from benchmark.training.model import Model
from benchmark.training.train import accumulate_gradients
from detectors import create, method, names
from detectors.bag import Prediction
from detectors.losses import video_loss
from tests.helpers.trials import CONFIG, CPU

BY_PART = ("gend",)
"""Its loss is of pairs of faces, and those are of a part."""


def gradients(micro_batch: int, ranks: list[Ranks], name: str = "s-mil") -> list[torch.Tensor]:
    """Of one batch of seven bags without BatchNorm's statistics, computed in parts and by several ranks in turn.

    Bags have one to three faces.
    """
    torch.manual_seed(0)
    detector = create(name, "tiny").eval()
    draw = torch.Generator().manual_seed(1)
    channels = 3 if method(name).training_data == "bags" else 4
    faces = torch.randint(0, 256, (7, 3, 32, 32, channels), dtype=torch.uint8, generator=draw)
    mask = torch.arange(3) < torch.tensor([3, 1, 2, 3, 1, 1, 2])[:, None]
    batch = Batch(faces, mask, torch.arange(7) % 2.0, torch.zeros(7, 3), list(range(7)))
    for own in ranks:
        rows = own.share([batch.index])[0]
        part = Batch(faces[rows], batch.mask[rows], batch.label[rows], batch.move[rows], rows)
        accumulate_gradients(Model(detector, replace(CONFIG, micro_batch=micro_batch), CPU), part, 7)
    return [p.grad for p in detector.parameters() if p.grad is not None]


@pytest.mark.parametrize("micro_batch", [1, 3])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_gradients_add_up_whatever_the_parts_and_the_ranks(micro_batch: int, world: int) -> None:
    whole = gradients(0, [SINGLE])
    parts = gradients(micro_batch, [Ranks(rank, world) for rank in range(world)])
    assert len(whole) == len(parts) > 0
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in names() if method(name).trained_as == name])
def test_no_loss_depends_on_the_parts_but_that_of_pairs(name: str) -> None:
    """Where a batch is computed in parts each of its videos weighs the same, however many faces it has."""
    whole, parts = (torch.cat([g.flatten() for g in gradients(size, [SINGLE], name)]) for size in (0, 3))
    alike = bool((whole - parts).norm() < 1e-5 * whole.norm())
    assert alike == (name not in BY_PART)


def test_losses_follow_the_supervision() -> None:
    prediction = Prediction(torch.tensor([2.0]), torch.tensor([[1.0, -1.0, 9.0]]), None)
    mask, label = torch.tensor([[True, True, False]]), torch.ones(1)
    softplus = torch.nn.functional.softplus
    assert torch.isclose(video_loss(prediction, label, mask, "video"), softplus(torch.tensor(-2.0)))
    expected = (softplus(torch.tensor(-1.0)) + softplus(torch.tensor(1.0))) / 2
    assert torch.isclose(video_loss(prediction, label, mask, "frame"), expected)


def test_a_part_of_single_faces_has_as_many_as_a_part_of_bags() -> None:
    config = replace(CONFIG, micro_batch=2, train_frames=8, frame_batch_size=32)
    bags, faces = (Model(create(name, "tiny"), replace(config, method=name), CPU) for name in ("s-mil", "xn-avg"))
    assert (part_size(bags.config), part_size(faces.config)) == (2, 16)
    assert (bags.batch_size, faces.batch_size) == (2, 2)
    whole = Model(faces.detector, replace(faces.config, micro_batch=0), CPU)
    assert (part_size(whole.config), whole.batch_size) == (0, 4)
