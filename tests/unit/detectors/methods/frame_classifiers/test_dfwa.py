"""D-FWA's pyramid pooling is that of the public code of DSP-FWA."""

import math

import torch
from torch.nn.functional import max_pool2d

from detectors import create
from detectors.methods.frame_classifiers.dfwa import WarpDetector


def test_pyramid_pooling_is_the_authors() -> None:
    """Three grids of windows that overlap where they must, on a last map of 7 x 7 as ResNet has it."""
    detector = create("d-fwa", "tiny", options={"pooling": "spp"})
    assert isinstance(detector, WarpDetector)
    last = torch.randn(2, detector.backbone.channels[-1], 7, 7, generator=torch.Generator().manual_seed(0))
    grids = [max_pool2d(last, math.ceil(7 / n), math.floor(7 / n)).flatten(1) for n in (1, 2, 6)]
    assert torch.equal(detector._pool_spatial(last), torch.cat(grids, dim=1))
    assert detector.classify.in_features == 41 * last.shape[1]
