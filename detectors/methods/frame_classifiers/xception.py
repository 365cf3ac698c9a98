"""XceptionNet on single frames (Rossler et al., FaceForensics++, ICCV 2019).

It is the frame-based baseline of the paper.
"""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.pooling import FrameHead, max_probability, mean_probability
from detectors.registry import register

SOURCE = "Rossler et al., ICCV 2019; Li et al., ACM MM 2020, Eq. 2"


@register("xn-avg", source=SOURCE, unit="frame")
def xn_avg(backbone: Backbone) -> BagDetector:
    """Frame classifier trained with the videos' labels; the video is the mean: p = mean_j p_j."""
    return BagDetector(backbone, None, FrameHead(backbone.num_features, mean_probability), supervision="frame")


@register("xn-max", source=SOURCE, unit="frame", trained_as="xn-avg")
def xn_max(backbone: Backbone) -> BagDetector:
    """The frame classifier of xn-avg, at its own best epoch of the same training; the video is the
    maximum: p = max_j p_j.
    """
    return BagDetector(backbone, None, FrameHead(backbone.num_features, max_probability), supervision="frame")
