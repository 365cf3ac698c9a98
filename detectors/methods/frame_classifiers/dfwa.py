"""D-FWA: face warping artifacts (Li & Lyu, CVPRW 2019).

Its pyramid pooling is that of its successor DSP-FWA. It learns from real faces and from
pseudo-fakes made of them. A pseudo-fake is a face that is shrunk, blurred and put back, because
face swaps are made at a fixed low resolution. It never sees a deepfake.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from detectors.backbones import Pyramid, create_pyramid
from detectors.detector import FrameDetector
from detectors.registry import register

BINS = (1, 2, 6)
"""Grids of spatial pyramid pooling (He et al., ECCV 2014) in the authors' SPPNet of DSP-FWA."""


class WarpDetector(FrameDetector):
    """One linear classifier on the last feature map of a network.

    The map is averaged or, with ``spp``, max-pooled in ever finer grids.
    """

    backbone: Pyramid

    def __init__(self, backbone: Pyramid, spp: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.spp = spp
        cells = sum(n * n for n in BINS) if spp else 1
        self.classify = nn.Linear(backbone.channels[-1] * cells, 1)

    def judge(self, faces: Tensor) -> Tensor:
        """Returns one logit per face.

        Shape: (P, 3, S, S) -> (P,).
        """
        last = self.backbone(faces)[-1]  # (P, C, h, w)
        logit: Tensor = self.classify(self._pool_spatial(last) if self.spp else last.mean(dim=(2, 3)))
        return logit.squeeze(-1)  # (P,)

    def _pool_spatial(self, last: Tensor) -> Tensor:
        return torch.cat([pool_cells(last, n) for n in BINS], dim=1)


def pool_cells(maps: Tensor, n: int) -> Tensor:
    """Takes the largest value of each of n x n cells: adaptive max pooling.

    Torch has no deterministic CUDA kernel for the gradient of its own.

    Shape: (P, C, h, w) -> (P, C n n).
    """
    rows, columns = ([(i * side // n, -(-(i + 1) * side // n)) for i in range(n)] for side in maps.shape[2:])
    cells = [maps[:, :, top:bottom, left:right] for top, bottom in rows for left, right in columns]
    return torch.stack([cell.flatten(2).max(dim=2).values for cell in cells], dim=2).flatten(1)


@register(
    "d-fwa",
    source="Li & Lyu, CVPRW 2019",
    unit="frame",
    training_data="warped",
    backbone="resnet50",
    stem=create_pyramid,
)
def d_fwa(backbone: Pyramid, *, pooling: Literal["mean", "spp"] = "mean") -> FrameDetector:
    """Finds the traces of warping a low-resolution face into a video; p = mean_j p_j."""
    return WarpDetector(backbone, pooling == "spp")
