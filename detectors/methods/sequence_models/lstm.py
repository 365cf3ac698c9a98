"""LSTM baseline: backbone embeddings, an LSTM over them, a classifier on its last state.

From Li et al., ACM MM 2020, Section 4.2; the paper names no source for it.
"""

from torch import Tensor, nn

from detectors.backbones import Backbone
from detectors.bag import Prediction
from detectors.detector import BagDetector
from detectors.limits import Size
from detectors.registry import register
from detectors.temporal_encoders import RecurrentEncoder


class LastStep(nn.Module):
    """Classifies each state, z_i = w . h_i + b; the video's logit is that of the last real step.

    A face's logit is what the video's would be if it ended there. So the last face's is the video's
    own.

    Shape: (B, M, D), (B, M) -> Prediction without weights.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.classify = nn.Linear(num_features, 1)

    def forward(self, states: Tensor, mask: Tensor) -> Prediction:
        """Returns the logits of the videos and of their faces."""
        frame_logit = self.classify(states).squeeze(-1).float()  # (B, M)
        last = mask.sum(dim=1, keepdim=True) - 1  # (B, 1)
        return Prediction(frame_logit.gather(1, last).squeeze(1), frame_logit, None)


@register("lstm", source="Hochreiter and Schmidhuber, 1997; Li et al., ACM MM 2020, Section 4", ordered=True)
def lstm(backbone: Backbone, *, hidden: Size = 512) -> BagDetector:
    """One LSTM layer over the faces in the order of time; its last state is classified."""
    return BagDetector(backbone, RecurrentEncoder(backbone.num_features, hidden), LastStep(hidden))
