"""SBI: a frame classifier trained on self-blended images (Shiohara & Yamasaki, CVPR 2022).

It learns from real faces and from blends of each with itself. One of both copies is changed in its
colours and sharpness, and one is shifted and scaled a little, before one is pasted into the other.
This leaves the traces that deepfakes have in common. It never sees a deepfake.

The paper averages the scores of a video's frames. Its optimizer, SAM, is not ours: this benchmark
trains all methods alike.
"""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.pooling import FrameHead, mean_probability
from detectors.registry import register


@register(
    "sbi",
    source="Shiohara & Yamasaki, CVPR 2022",
    unit="frame",
    training_data="self-blended",
    backbone="tf_efficientnet_b4.ap_in1k",
)
def sbi(backbone: Backbone) -> BagDetector:
    """A frame classifier trained to tell real faces from blends of them with themselves; the video
    is the mean: p = mean_j p_j.
    """
    return BagDetector(backbone, None, FrameHead(backbone.num_features, mean_probability), supervision="frame")
