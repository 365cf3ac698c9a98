"""Face X-ray (Li et al., CVPR 2020): finds the boundary along which two images were blended.

It learns from real faces and from pseudo-fakes. These are blends of real faces of two videos, with
the boundary of each: B = 4 M (1 - M). It never sees a deepfake.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import interpolate

from detectors.backbones import Pyramid, create_pyramid
from detectors.bag import Bag, Prediction, pack, unpack
from detectors.detector import FrameDetector
from detectors.limits import LossWeight, Size
from detectors.losses import mean_of_videos, video_loss
from detectors.registry import register


class BoundaryHead(nn.Module):
    """Maps the feature maps of a pyramid to one boundary map.

    Each map is projected to one width and resized to the finest map; then all are added.

    Shape: [(P, C_i, h_i, w_i), ...] -> (P, 1, h_0, w_0) logits of the boundary.
    """

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Conv2d(c, width, 1, bias=False) for c in channels)
        self.mix = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 1, 1))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Returns the logits of the boundary."""
        size = maps[0].shape[-2:]
        levels = [project(level) for project, level in zip(self.project, maps, strict=True)]
        whole = sum(interpolate(level, size=size, mode="bilinear") for level in levels)
        boundary: Tensor = self.mix(whole)
        return boundary


class XRayDetector(FrameDetector):
    """Boundary map, and a classifier on its mean (Li et al., Section 4).

    logit = w mean(sigmoid(boundary)) + b.
    """

    backbone: Pyramid

    def __init__(self, backbone: Pyramid, width: int, boundary_weight: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.locate = BoundaryHead(backbone.channels, width)
        self.classify = nn.Linear(1, 1)
        nn.init.ones_(self.classify.weight)
        self.boundary_weight = boundary_weight

    def boundary(self, faces: Tensor) -> Tensor:
        """Returns the boundary map of each face.

        Shape: (P, 3, S, S) -> (P, 1, h, w) logits.
        """
        boundary: Tensor = self.locate(self.backbone(faces)).float()
        return boundary

    def judge(self, faces: Tensor) -> Tensor:
        """Returns one logit per face.

        Shape: (P, 3, S, S) -> (P,).
        """
        return self._classify(self.boundary(faces))

    def learn(self, bag: Bag, label: Tensor, boundary: Tensor | None) -> tuple[Prediction, Tensor]:
        """Returns the prediction and L = L_c + lambda L_b, with lambda = 100 (Li et al., Section
        4).

        The terms are the cross-entropies of class and boundary. In both every video weighs the
        same.

        Raises:
            ValueError: there is no boundary.
        """
        if boundary is None:
            raise ValueError("x-ray learns from blended faces and their boundaries")
        seen = self.boundary(pack(bag.faces, bag.mask))
        prediction = self.head(unpack(self._classify(seen)[:, None], bag.mask), bag.mask)
        target = interpolate(pack(boundary, bag.mask)[:, None], size=seen.shape[-2:], mode="area")
        each = bce(seen, target, reduction="none").mean(dim=(2, 3))  # (P, 1)
        located = mean_of_videos(unpack(each, bag.mask).squeeze(-1), bag.mask)
        return prediction, video_loss(prediction, label, bag.mask, "frame") + self.boundary_weight * located

    def _classify(self, boundary: Tensor) -> Tensor:
        logit: Tensor = self.classify(torch.sigmoid(boundary).mean(dim=(2, 3)))
        return logit.squeeze(-1)  # (P,)


@register(
    "x-ray",
    source="Li et al., CVPR 2020",
    unit="frame",
    training_data="blended",
    backbone="hrnet_w48",
    stem=create_pyramid,
)
def x_ray(backbone: Pyramid, *, width: Size = 64, boundary_weight: LossWeight = 100.0) -> FrameDetector:
    """Finds the boundary along which a face was blended in, and judges a face by its mean. The
    boundary of a mask M is B = 4 M (1 - M).
    """
    return XRayDetector(backbone, width, boundary_weight)
