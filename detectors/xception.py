"""XceptionNet on single frames (Rossler et al., FaceForensics++, ICCV 2019), the paper's frame-based baseline."""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.pooling import FrameHead, max_probability, mean_probability
from detectors.registry import register


@register("xn-avg")
def xn_avg(backbone: Backbone) -> BagDetector:
    """XN-avg: each face is trained with its video's label; the video is the mean of its faces (Li 2020, Eq. 2)."""
    return BagDetector(backbone, None, FrameHead(backbone.num_features, mean_probability), supervision="frame")


@register("xn-max", trained_as="xn-avg")
def xn_max(backbone: Backbone) -> BagDetector:
    """XN-max: the same frame model, the video is its most fake-looking face (Li 2020, Eq. 2)."""
    return BagDetector(backbone, None, FrameHead(backbone.num_features, max_probability), supervision="frame")
