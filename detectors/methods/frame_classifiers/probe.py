"""Linear probe: one linear layer on a frozen foundation model, as of Ojha et al., CVPR 2023.

"Towards Universal Fake Image Detectors that Generalize Across Generative Models" trains it on
CLIP's features as they are, neither scaled to length 1 nor standardised, with the binary
cross-entropy of each image. There an image is generated or not; here it is a face of a video with
the video's label. CLIP's last projection is left out: timm gives the 1,024 features before it,
the paper takes the 768 behind it.
"""

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.pooling import FrameHead, mean_probability
from detectors.registry import register


@register(
    "probe",
    source="Ojha et al., CVPR 2023",
    unit="frame",
    backbone="vit_large_patch14_clip_quickgelu_224.openai",
    tune="none",
)
def probe(backbone: Backbone) -> BagDetector:
    """A linear classifier of frames on a frozen backbone: z_j = w x_j + b, p = mean_j p_j."""
    return BagDetector(backbone, None, FrameHead(backbone.num_features, mean_probability), supervision="frame")
