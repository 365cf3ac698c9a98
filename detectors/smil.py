"""S-MIL: sharp multiple instance learning (Li et al., ACM MM 2020), trained with video labels only."""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.pooling import SharpPool
from detectors.registry import register
from detectors.temporal import KernelEncoder


@register("s-mil")
def s_mil(backbone: Backbone, filters: int = 512) -> BagDetector:
    """S-MIL on spatial instances: Eq. 11 with k = 1, pooled by Eq. 9 and 10."""
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), SharpPool(filters))
