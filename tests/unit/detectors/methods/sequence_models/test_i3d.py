"""Inception-I3D against what was published: names, shapes, counts, padding, BatchNorm."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmark.training.weights import read_weights
from detectors import create
from detectors.backbones import TINY
from detectors.errors import DetectorError
from detectors.methods.sequence_models.i3d import NAME, Mixed, Norm, Unit, create_i3d, inception, pad_same

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


def test_a_lone_value_is_normalised_with_the_running_statistics() -> None:
    norm = Norm(2).train()
    norm.running_mean.copy_(torch.tensor([1.0, 2.0]))
    lone = norm(torch.tensor([3.0, 2.0]).view(1, 2, 1, 1, 1)).flatten()
    torch.testing.assert_close(lone, torch.tensor([2.0, 0.0]) / (1 + 1e-3) ** 0.5)
    assert norm.running_mean.tolist() == [1.0, 2.0]
    two = norm(torch.tensor([3.0, 2.0, 5.0, 6.0]).view(2, 2, 1, 1, 1))
    torch.testing.assert_close(two.mean(dim=0).flatten(), torch.zeros(2))
