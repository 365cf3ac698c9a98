"""XceptionNet on single frames (Rossler et al., FaceForensics++, ICCV 2019), the paper's frame-based baseline."""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.pooling import FrameHead
from detectors.registry import register


@register("xn-avg")
def xn_avg(backbone: Backbone) -> BagDetector:
    """XN-avg: each face is trained with its video's label; the video is the mean of its faces (Li 2020, Eq. 2)."""
    return BagDetector(backbone, None, FrameHead(backbone.num_features), supervision="frame")
