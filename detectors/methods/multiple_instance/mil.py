"""MIL: classic multiple instance learning (Li et al., ACM MM 2020, Section 3).

It is the baseline of S-MIL.
"""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.limits import Size
from detectors.pooling import FrameHead, noisy_or
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder


@register("mil", source="Li et al., ACM MM 2020, Eq. 4")
def mil(backbone: Backbone, *, filters: Size = 512) -> BagDetector:
    """Classic MIL: noisy-or p = 1 - prod_j (1 - p_j), on S-MIL's spatial instances. A video is fake
    if any face is.
    """
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), FrameHead(filters, noisy_or))
