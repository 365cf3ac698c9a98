"""Inception-I3D against what was published: names, shapes, counts, padding; and clips of any length."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmark.machine import face_side
from benchmark.weights import read_weights
from detectors import create, tune
from detectors.backbones import TINY
from detectors.bag import Bag
from detectors.detector import Detector
from detectors.errors import DetectorError
from detectors.i3d import NAME, Mixed, Norm, Unit, create_i3d, inception, pad_same

SINGLE = ("Conv3d_1a_7x7 3 64 7", "Conv3d_2b_1x1 64 64 1", "Conv3d_2c_3x3 64 192 3")
GOOGLENET = """
Mixed_3b 192  64  96 128 16  32  32
Mixed_3c 256 128 128 192 32  96  64
Mixed_4b 480 192  96 208 16  48  64
Mixed_4c 512 160 112 224 24  64  64
Mixed_4d 512 128 128 256 24  64  64
Mixed_4e 512 112 144 288 32  64  64
Mixed_4f 528 256 160 320 32 128 128
Mixed_5b 832 256 160 320 32 128 128
Mixed_5c 832 384 192 384 48 128 128
"""
"""Going deeper with convolutions (Szegedy et al., CVPR 2015), Table 1: what comes in, #1x1, #3x3 reduce, #3x3, #5x5
reduce, #5x5 (in I3D 3x3), pool proj; under I3D's names."""


def published() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of ``rgb_imagenet.pt``; it is older than BatchNorm's counters."""
    convs = {}
    for line in SINGLE:
        name, inside, outside, side = line.split()
        convs[name] = (int(outside), int(inside), *[int(side)] * 3)
    for line in GOOGLENET.split("\n")[1:-1]:
        name, *sizes = line.split()
        x, b0, b1a, b1b, b2a, b2b, b3b = map(int, sizes)
        ones = {"b0": (b0, x), "b1a": (b1a, x), "b2a": (b2a, x), "b3b": (b3b, x)}
        convs |= {f"{name}.{branch}": (*shape, 1, 1, 1) for branch, shape in ones.items()}
        convs |= {f"{name}.b1b": (b1b, b1a, 3, 3, 3), f"{name}.b2b": (b2b, b2a, 3, 3, 3)}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in convs.items():
        shapes[f"{name}.conv3d.weight"] = shape
        shapes |= {f"{name}.bn.{part}": shape[:1] for part in ("weight", "bias", "running_mean", "running_var")}
    return shapes | {"logits.conv3d.weight": (400, 1024, 1, 1, 1), "logits.conv3d.bias": (400,)}


@pytest.fixture(scope="module")
def checkpoint() -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return {name: torch.rand(shape, generator=draw) for name, shape in published().items()}


@pytest.fixture(scope="module")
def small() -> Detector:
    torch.manual_seed(0)
    return create("i3d", TINY).eval()


def bag(count: int, side: int = 32, rows: int = 1) -> Bag:
    faces = torch.rand(rows, count, 3, side, side, generator=torch.Generator().manual_seed(count))
    return Bag(faces, torch.ones(rows, count, dtype=torch.bool))


def test_the_public_checkpoint_loads(checkpoint: dict[str, Tensor], tmp_path: Path) -> None:
    """From a file as old as it is; every tensor but the logits lands under its own name, and none is left as it was."""
    path = tmp_path / "rgb_imagenet.pt"
    torch.save(checkpoint, path, _use_new_zipfile_serialization=False)
    loaded = create_i3d(NAME, weights=read_weights(path)).network.state_dict()
    counters = {name for name in loaded if name.endswith("num_batches_tracked")}
    assert loaded.keys() - counters == {name for name in checkpoint if not name.startswith("logits.")}
    assert all(torch.equal(loaded[name], checkpoint[name]) for name in loaded.keys() - counters)


def test_it_has_as_many_parameters_as_published() -> None:
    """12.29 M, as published without classes; 12.70 M with Kinetics's 400."""
    count = sum(p.numel() for p in inception().parameters())
    shapes = published()
    assert count == 12_287_264
    learnt = [torch.Size(shape).numel() for name, shape in shapes.items() if "running" not in name]
    assert sum(learnt) == count + 400 * 1024 + 400 == 12_697_264


@pytest.mark.parametrize("lost", ["Conv3d_1a_7x7.conv3d.weight", "Mixed_4f.b2b.bn.running_var"])
def test_weights_that_lack_something_are_refused(checkpoint: dict[str, Tensor], lost: str) -> None:
    others = {name: value for name, value in checkpoint.items() if name != lost}
    with pytest.raises(DetectorError, match=rf"^inception-i3d: the weights lack {lost} \(1 of "):
        create_i3d(NAME, weights=others)


def test_weights_of_another_size_are_refused(checkpoint: dict[str, Tensor]) -> None:
    with pytest.raises(DetectorError, match=r"the weights have another shape of Conv3d_1a_7x7\.conv3d\.weight"):
        create_i3d(TINY, weights=checkpoint)
    with pytest.raises(DetectorError, match="the weights lack"):
        create_i3d(NAME, weights={"conv1.weight": torch.zeros(64, 3, 7, 7)})


def test_without_weights_it_says_which_to_give() -> None:
    with pytest.raises(
        DetectorError, match=r"--weights i3d=PATH .*rgb_imagenet.pt of pytorch-i3d.*--no-pretrained"
    ) as e:
        create("i3d")
    assert "\n" not in str(e.value)
    assert create("i3d", pretrained=False).backbone.num_features == 1024


def test_another_network_is_refused() -> None:
    with pytest.raises(DetectorError, match="resnet50: i3d has a network of its own; choose inception-i3d or tiny"):
        create("i3d", "resnet50")


def test_shapes_by_hand() -> None:
    """64 frames of 224 px: halved by the first convolution; twice in space; twice in space and time."""
    with torch.device("meta"):
        maps, shapes = torch.empty(1, 3, 64, 224, 224), {}
        for name, layer in inception().eval().named_children():
            maps = layer(maps)
            shapes[name] = tuple(maps.shape[1:])
    assert shapes == {
        "Conv3d_1a_7x7": (64, 32, 112, 112),
        "MaxPool3d_2a_3x3": (64, 32, 56, 56),
        "Conv3d_2b_1x1": (64, 32, 56, 56),
        "Conv3d_2c_3x3": (192, 32, 56, 56),
        "MaxPool3d_3a_3x3": (192, 32, 28, 28),
        "Mixed_3b": (256, 32, 28, 28),
        "Mixed_3c": (480, 32, 28, 28),
        "MaxPool3d_4a_3x3": (480, 16, 14, 14),
        **{f"Mixed_4{x}": (512, 16, 14, 14) for x in "bcd"},
        "Mixed_4e": (528, 16, 14, 14),
        "Mixed_4f": (832, 16, 14, 14),
        "MaxPool3d_5a_2x2": (832, 8, 7, 7),
        "Mixed_5b": (832, 8, 7, 7),
        "Mixed_5c": (1024, 8, 7, 7),
    }


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "before", "after"),
    [
        (224, 7, 2, 2, 3),
        (7, 7, 2, 3, 3),
        (112, 3, 2, 0, 1),
        (5, 3, 2, 1, 1),
        (5, 3, 1, 1, 1),
        (1, 2, 2, 0, 1),
        (8, 1, 1, 0, 0),
    ],
)
def test_same_padding_by_hand(size: int, kernel: int, stride: int, before: int, after: int) -> None:
    """Each axis by itself: ones, padded with zeros, along time, height and width."""
    for axis in range(3):
        shape, kernels, strides = [1, 1, 1, 1, 1], [1, 1, 1], [1, 1, 1]
        shape[2 + axis], kernels[axis], strides[axis] = size, kernel, stride
        padded = pad_same(torch.ones(shape), kernels, strides)
        assert padded.flatten().tolist() == [0.0] * before + [1.0] * size + [0.0] * after
        assert padded.shape[2 + axis] == before + size + after


def test_a_strided_convolution_by_hand() -> None:
    """Times 1, 10, 100 on 1, 2, 3, 4 in steps of 2: the lone zero is at the end of time; around one place there is a
    zero on either side, so the kernel's middle sees it. Divided by BatchNorm's sqrt(1 + eps)."""
    unit = Unit(1, 1, kernel=3, stride=2).eval()
    nn.init.zeros_(unit.conv3d.weight)
    with torch.no_grad():
        unit.conv3d.weight[0, 0, :, 1, 1] = torch.tensor([1.0, 10.0, 100.0])
        made = unit(torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 1, 4, 1, 1))
    assert made.shape == (1, 1, 2, 1, 1)
    torch.testing.assert_close(made.flatten() * 1.001**0.5, torch.tensor([321.0, 43.0]))


def test_branches_stand_in_the_published_order() -> None:
    """1x1, 3x3, the second 3x3, the pool's: each branch tells its number."""
    module = Mixed(4, (2, 9, 3, 9, 4, 5)).eval()
    for number, branch in enumerate((module.b0, module.b1b, module.b2b, module.b3b), 1):
        nn.init.zeros_(branch.conv3d.weight)
        nn.init.constant_(branch.bn.bias, float(number))
    told = module(torch.rand(1, 4, 2, 3, 3))[0, :, 0, 0, 0]
    assert told.tolist() == [1.0] * 2 + [2.0] * 3 + [3.0] * 4 + [4.0] * 5


def norms(trunk: nn.Module) -> list[nn.BatchNorm3d]:
    return [m for m in trunk.modules() if isinstance(m, nn.BatchNorm3d)]


def test_batch_norm_is_as_published_and_quicker_from_random_weights(checkpoint: dict[str, Tensor]) -> None:
    public, fresh = norms(create_i3d(NAME, weights=checkpoint)), norms(create_i3d(TINY))
    assert len(public) == len(fresh) == 3 + 9 * 6
    assert {(norm.eps, norm.momentum) for norm in public} == {(1e-3, 0.01)}
    assert {(norm.eps, norm.momentum) for norm in fresh} == {(1e-3, 0.1)}


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


def test_a_lone_value_is_normalised_with_the_running_statistics() -> None:
    norm = Norm(2).train()
    norm.running_mean.copy_(torch.tensor([1.0, 2.0]))
    lone = norm(torch.tensor([3.0, 2.0]).view(1, 2, 1, 1, 1)).flatten()
    torch.testing.assert_close(lone, torch.tensor([2.0, 0.0]) / (1 + 1e-3) ** 0.5)
    assert norm.running_mean.tolist() == [1.0, 2.0]
    two = norm(torch.tensor([3.0, 2.0, 5.0, 6.0]).view(2, 2, 1, 1, 1))
    torch.testing.assert_close(two.mean(dim=0).flatten(), torch.zeros(2))


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
