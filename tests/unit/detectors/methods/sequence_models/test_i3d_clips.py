"""I3D as a detector: clips of any length and size, what it can learn, and in what range it is shown them."""

import pytest
import torch
from torch import Tensor

from benchmark.data.inputs import face_side
from detectors import create, tune
from detectors.backbones import TINY
from detectors.bag import Bag
from detectors.detector import Detector
from detectors.methods.sequence_models.i3d import NAME, create_i3d


@pytest.fixture(scope="module")
def small() -> Detector:
    torch.manual_seed(0)
    return create("i3d", TINY).eval()


def bag(count: int, side: int = 32, rows: int = 1) -> Bag:
    faces = torch.rand(rows, count, 3, side, side, generator=torch.Generator().manual_seed(count))
    return Bag(faces, torch.ones(rows, count, dtype=torch.bool))


def test_it_scores_what_it_has_learnt() -> None:
    """Dark faces, some of a fake's bright: 40 steps from random weights, scored in eval mode on new clips."""

    def clips(seed: int) -> tuple[Bag, Tensor]:
        draw = torch.Generator().manual_seed(seed)
        faces, label = 0.4 * torch.rand(16, 8, 3, 32, 32, generator=draw), torch.arange(16) % 2
        faces[label == 1, 3:5] += 0.6
        return Bag(faces, torch.ones(16, 8, dtype=torch.bool)), label.float()

    torch.manual_seed(0)
    detector = create("i3d", TINY).train()
    optimizer = torch.optim.Adam(detector.parameters(), lr=1e-3)
    for seed in range(40):
        optimizer.zero_grad()
        detector.learn(*clips(seed), None)[1].backward()
        optimizer.step()
    seen, label = clips(99)
    with torch.no_grad():
        right = (detector.eval()(seen).video_logit > 0) == (label > 0)
    assert right.all()


def test_an_embedding_is_the_mean_over_space_in_the_order_of_time(small: Detector) -> None:
    clip = bag(9, side=64).faces
    with torch.no_grad():
        maps = small.backbone.network(2 * clip.permute(0, 2, 1, 3, 4) - 1)
        found = small.backbone(clip)
    assert maps.shape == (1, 128, 2, 2, 2)
    torch.testing.assert_close(found, maps.flatten(3).mean(dim=3).permute(0, 2, 1))


@pytest.mark.parametrize("count", [1, 7, 8, 9, 20, 64])
def test_clips_of_any_length(small: Detector, count: int) -> None:
    """The video is the mean of its steps, one every 8 faces."""
    clip = bag(count)
    with torch.no_grad():
        prediction = small(clip)
        steps = small.classify(small.backbone(clip.faces))[0, :, 0]
    assert len(steps) == (count + 7) // 8
    assert prediction.frame_logit.shape == (1, count)
    torch.testing.assert_close(prediction.video_logit[0], steps.mean())
    if count <= 8:
        torch.testing.assert_close(prediction.frame_logit[0], steps.expand(count))


def test_a_faces_logit_lies_on_the_line_between_two_steps(small: Detector) -> None:
    """Step t stands in the middle of its 8 faces, 8 t + 3.5; before the first and after the last nothing changes."""
    clip = bag(16)
    with torch.no_grad():
        found = small(clip).frame_logit[0]
        first, second = small.classify(small.backbone(clip.faces))[0, :, 0]
    share = ((torch.arange(16) - 3.5) / 8).clamp(0, 1)
    torch.testing.assert_close(found, first + share * (second - first))
    assert abs(second - first) > 1e-4


@pytest.mark.parametrize("side", [32, 33, 47, 112])
def test_faces_of_any_size(small: Detector, side: int) -> None:
    with torch.no_grad():
        logits = small(bag(8, side, rows=2)).video_logit
    assert torch.isfinite(logits).all()
    assert logits[0] != logits[1]


def test_rows_of_a_ragged_bag_score_as_they_do_alone(small: Detector) -> None:
    """Lengths 9, 3, 9, 1, of which two run together; real clips alone reach the network."""
    alone = [bag(count) for count in (9, 3, 10, 1)]
    faces, mask = torch.full((4, 12, 3, 32, 32), torch.nan), torch.zeros(4, 12, dtype=torch.bool)
    for row, one in enumerate(alone):
        n = min(one.faces.shape[1], 9)
        faces[row, :n], mask[row, :n] = one.faces[0, :n], True
    with torch.no_grad():
        together = small(Bag(faces, mask))
        for row in range(4):
            n = int(mask[row].sum())
            own = small(Bag(faces[row : row + 1, :n], mask[row : row + 1, :n]))
            torch.testing.assert_close(together.video_logit[row], own.video_logit[0])
            torch.testing.assert_close(together.frame_logit[row, :n], own.frame_logit[0])


def test_the_order_counts(small: Detector) -> None:
    clip = bag(8)
    with torch.no_grad():
        back = small(Bag(clip.faces.flip(1), clip.mask))
        assert abs(back.video_logit - small(clip).video_logit) > 1e-4


def test_one_short_clip_of_32_px_can_be_trained_on() -> None:
    """Each channel of the last maps has one value, of which BatchNorm can take no spread."""
    torch.manual_seed(0)
    detector = create("i3d", TINY, options={"dropout": "0"}).train()
    detector(bag(3)).video_logit.sum().backward()
    gradient = detector.backbone.network.Conv3d_1a_7x7.conv3d.weight.grad
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0


def test_dropout_is_an_option() -> None:
    torch.manual_seed(0)
    assert create("i3d", TINY).classify[0].p == 0.5
    detector = create("i3d", TINY, options={"dropout": "0"}).train()
    tune(detector, "none")
    detector.train()
    assert detector(bag(8)).video_logit == detector(bag(8)).video_logit


def test_it_is_shown_its_own_size_or_smaller_ones_as_they_are(small: Detector) -> None:
    assert face_side(small.backbone, 299, 0) == 224
    assert face_side(small.backbone, 112, 0) == 112


def test_pixels_are_shown_in_minus_1_to_1(small: Detector) -> None:
    shown = small.backbone.scale(torch.tensor([0, 255], dtype=torch.uint8).view(1, 2, 1, 1, 1).expand(1, 2, 3, 4, 4))
    assert shown[0, 0].unique().tolist() == [-1.0]
    assert shown[0, 1].unique().tolist() == [1.0]


def test_a_random_network_passes_its_input_on() -> None:
    """Before BatchNorm has learnt anything different clips must not all look the same."""
    torch.manual_seed(0)
    trunk = create_i3d(NAME, pretrained=False).eval()
    with torch.no_grad():
        one, other = trunk(bag(8, rows=2).faces)
    assert 0.05 < one.std() < 20
    assert (one - other).abs().mean() > 0.01
