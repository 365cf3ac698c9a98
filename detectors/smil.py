"""S-MIL: sharp multiple instance learning (Li et al., ACM MM 2020), trained with video labels only."""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.pooling import SharpPool
from detectors.registry import register
from detectors.temporal import KernelEncoder


@register("s-mil", source="Li et al., ACM MM 2020, Eq. 9 to 11")
def s_mil(backbone: Backbone, *, filters: int = 512) -> BagDetector:
    """Sharp MIL on spatial instances (k = 1): logit(p) = sum_j a_j z_j, a = softmax(w h), z = W h."""
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), SharpPool(filters))
