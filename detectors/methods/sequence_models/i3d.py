"""I3D: Inception-V1 with its filters inflated to three dimensions (Carreira & Zisserman, CVPR
2017).

Written from the paper's Figure 3. The names are those of the public PyTorch checkpoint of Kinetics,
so that it loads.
"""

from collections import OrderedDict
from collections.abc import Sequence
from math import ceil
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, interpolate, pad

from detectors.backbones import TINY, Stem, Weights
from detectors.backbones.initial_weights import load_weights
from detectors.bag import Bag, Prediction
from detectors.detector import Detector
from detectors.errors import DetectorError
from detectors.limits import Limit
from detectors.registry import register

NAME = "inception-i3d"
"""Name of the network for ``--backbone``."""
TINY_SHARE = 8
"""``tiny`` has an eighth of the channels."""

MOMENTUM, FRESH_MOMENTUM = 0.01, 0.1
"""Momentum of BatchNorm: as published, and for random weights.

From random weights the statistics change fast. At 0.01 the network would score at chance in eval
mode for a hundred steps after it has learnt.
"""

MIXED = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}
"""Channels of each Inception module (Szegedy et al., CVPR 2015, Table 1).

In order: 1x1; 1x1 before 3x3; 3x3; 1x1 before the second 3x3; that; 1x1 after the pool.
"""

POOLS = {"4b": ("MaxPool3d_4a_3x3", 3), "5b": ("MaxPool3d_5a_2x2", 2)}
"""Pools that halve time and space: the module that each one precedes, its name and its kernel."""


def pad_same(clips: Tensor, kernel: Sequence[int], stride: Sequence[int]) -> Tensor:
    """Pads time, height and width with zeros, so that n places give ceil(n / stride).

    An odd zero is the last. This is TensorFlow's SAME, with which the public weights were trained.

    Shape: (N, C, T, H, W) -> the same, padded.
    """
    ends: list[int] = []
    for size, width, step in zip(clips.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        lacking = max((ceil(size / step) - 1) * step + width - size, 0)
        ends += (lacking // 2, lacking - lacking // 2)
    return pad(clips, ends) if any(ends) else clips


class Norm(nn.BatchNorm3d):
    """BatchNorm over real clips.

    A channel with only one value (one short clip of 32 px) has no spread in training. It is
    normalised with the running statistics.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3, momentum=MOMENTUM)

    def forward(self, maps: Tensor) -> Tensor:
        """Normalises the maps."""
        if self.training and maps.numel() == self.num_features:
            return batch_norm(maps, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(maps)


class Unit(nn.Module):
    """ReLU(BN(w * x)) with a cubic kernel and SAME padding.

    Shape: (N, inside, T, H, W) -> (N, outside, ceil(T / stride), ceil(H / stride), ceil(W /
    stride)).
    """

    def __init__(self, inside: int, outside: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(inside, outside, kernel, stride, bias=False)
        self.bn = Norm(outside)
        # PyTorch's default shrinks the signal in each layer; through all, none would pass before BN has learnt
        nn.init.kaiming_normal_(self.conv3d.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Convolves, normalises and rectifies the maps."""
        padded = pad_same(maps, self.conv3d.kernel_size, self.conv3d.stride)
        return torch.relu(self.bn(self.conv3d(padded)))


class Pool(nn.Module):
    """Max pooling with SAME padding; a zero is no larger than an output of a ReLU.

    Shape: (N, C, T, H, W) -> (N, C, ceil(T / stride[0]), ceil(H / stride[1]), ceil(W / stride[2])).
    """

    def __init__(self, kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, maps: Tensor) -> Tensor:
        """Pools the maps."""
        return nn.functional.max_pool3d(pad_same(maps, self.kernel, self.stride), self.kernel, self.stride)


class Mixed(nn.Module):
    """An Inception module: four parallel branches (Carreira and Zisserman 2017, Fig. 3, right).

    Shape: (N, inside, T, H, W) -> (N, outside, T, H, W).
    """

    def __init__(self, inside: int, widths: Sequence[int]) -> None:
        super().__init__()
        b0, b1a, b1b, b2a, b2b, b3b = widths
        self.outside = b0 + b1b + b2b + b3b
        self.b0 = Unit(inside, b0)
        self.b1a, self.b1b = Unit(inside, b1a), Unit(b1a, b1b, 3)
        self.b2a, self.b2b = Unit(inside, b2a), Unit(b2a, b2b, 3)
        self.b3a, self.b3b = Pool((3, 3, 3), (1, 1, 1)), Unit(inside, b3b)

    def forward(self, maps: Tensor) -> Tensor:
        """Concatenates the outputs of the branches."""
        branches = self.b0(maps), self.b1b(self.b1a(maps)), self.b2b(self.b2a(maps)), self.b3b(self.b3a(maps))
        return torch.cat(branches, dim=1)


def inception(share: int = 1) -> nn.Sequential:
    """Builds the network up to its last maps (Carreira and Zisserman 2017, Fig. 3, left).

    It has 1 / ``share`` of the published channels.

    Shape: (N, 3, T, S, S) -> (N, 1024 / share, ceil(T / 8), ceil(S / 32), ceil(S / 32)).
    """
    first, second = 64 // share, 192 // share
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        Conv3d_1a_7x7=Unit(3, first, 7, 2),
        MaxPool3d_2a_3x3=Pool((1, 3, 3), (1, 2, 2)),
        Conv3d_2b_1x1=Unit(first, first),
        Conv3d_2c_3x3=Unit(first, second, 3),
        MaxPool3d_3a_3x3=Pool((1, 3, 3), (1, 2, 2)),
    )
    inside = second
    for name, widths in MIXED.items():
        if name in POOLS:
            pool, kernel = POOLS[name]
            layers[pool] = Pool((kernel,) * 3, (2, 2, 2))
        module = Mixed(inside, [width // share for width in widths])
        layers[f"Mixed_{name}"], inside = module, module.outside
    return nn.Sequential(layers)


class Trunk(Stem):
    """The network on clips in -1..1 of any side, its maps averaged over space.

    It gives one embedding every 8 faces.

    Shape: (N, M, 3, S, S) -> (N, ceil(M / 8), num_features).
    """

    def __init__(self, share: int = 1) -> None:
        super().__init__(inception(share), (0.5,) * 3, (0.5,) * 3, input_size=224)
        self.num_features = 1024 // share

    def forward(self, clips: Tensor) -> Tensor:
        """Returns the embeddings of the clips."""
        maps: Tensor = self.network(self.scale(clips).transpose(1, 2))  # (N, C, T, s, s)
        return maps.mean(dim=(3, 4)).transpose(1, 2)


def create_i3d(name: str, pretrained: bool = True, weights: Weights | None = None, size: int | None = None) -> Trunk:  # noqa: ARG001
    """Creates the network as published, or ``tiny``. It takes any size.

    ``tiny`` has an eighth of the channels and random weights, for tests and for trying the toolkit.

    Raises:
        DetectorError: there is no such network, its weights are not given, or those given do not
            fit.
    """
    if name not in (NAME, TINY):
        raise DetectorError(f"{name}: i3d has a network of its own; choose {NAME} or {TINY}")
    if name == NAME and pretrained and weights is None:
        raise DetectorError(
            f"{name}: timm has no weights of it; give --weights i3d=PATH of the public Kinetics checkpoint "
            "(rgb_imagenet.pt of pytorch-i3d), or --no-pretrained to train from random weights"
        )
    trunk = Trunk(TINY_SHARE if name == TINY else 1)
    if weights is not None:
        trunk.note = load_weights(trunk.network, weights, name)
        return trunk
    for module in trunk.modules():
        if isinstance(module, Norm):
            module.momentum = FRESH_MOMENTUM
    return trunk


class ClipDetector(Detector):
    """Classifies every step of time (about 8 faces); the video's logit is the mean of the steps.

    A face's logit is interpolated between the two steps nearest to it. Rows of the same length run
    together, so that no step sees padding.

    Shape: bag (B, M) -> Prediction without weights.
    """

    backbone: Trunk

    def __init__(self, backbone: Trunk, dropout: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.classify = nn.Sequential(nn.Dropout(dropout), nn.Linear(backbone.num_features, 1))

    def forward(self, bag: Bag) -> Prediction:
        """Returns the logits of the videos and of their faces."""
        length = bag.mask.sum(dim=1)
        frame_logit = torch.zeros(bag.mask.shape, device=bag.mask.device)
        video_logit = frame_logit.new_zeros(len(length))
        for count in sorted(set(length.tolist())):
            rows = length == count
            chosen = bag.mask & rows[:, None]  # (B, M), count True in each of N rows
            clips = bag.faces[chosen].view(-1, count, *bag.faces.shape[2:])  # (N, count, 3, S, S)
            step_logit = self.classify(self.backbone(clips)).squeeze(-1).float()  # (N, T)
            video_logit[rows] = step_logit.mean(dim=1)
            frame_logit[chosen] = interpolate(step_logit[:, None], size=count, mode="linear").flatten()
        return Prediction(video_logit, frame_logit, None)


@register("i3d", source="Carreira and Zisserman, CVPR 2017", ordered=True, backbone=NAME, stem=create_i3d)
def i3d(
    backbone: Trunk,
    *,
    dropout: Annotated[float, Limit("0 or more, below 1", lambda dropped: 0 <= dropped < 1)] = 0.5,
) -> ClipDetector:
    """Inception-V1 inflated to space and time, on the whole clip: logit(p) = mean_t z_t. There is
    one z_t about every 8 faces.

    The dropout before the classifier is that of the code that made the public weights.
    """
    return ClipDetector(backbone, dropout)
