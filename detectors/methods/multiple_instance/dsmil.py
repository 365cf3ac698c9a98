"""DSMIL: dual-stream MIL (Li, Li & Eliceiri, CVPR 2021), on S-MIL's spatial instances."""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from detectors.backbones import Backbone
from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector
from detectors.limits import Size
from detectors.pooling import masked_softmax, max_probability, sharp
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder


class DualStreamPool(nn.Module):
    """Mean of two streams: the critical face, and the bag weighted by likeness to that face.

    The critical face m has the highest c_j = w h_j. In the bag stream a = softmax_j(q_j . q_m /
    sqrt(D)), q = Q h, v = V h, B = W sum_j a_j v_j + b. As the weights sum to 1, B = sum_j a_j z_j
    with z_j = W v_j + b. A face's logit is (c_j + z_j) / 2, which is what a bag of that face alone
    gives. The division by sqrt(D) is in the authors' code, not in the paper.

    Shape: (B, M, D), (B, M) -> Prediction with the bag stream's weights.
    """

    def __init__(self, num_features: int, attention: int = 128) -> None:
        super().__init__()
        self.classify = nn.Linear(num_features, 1)
        self.query = nn.Linear(num_features, attention)
        self.value = nn.Linear(num_features, num_features)
        self.classify_bag = nn.Linear(num_features, 1)

    def streams(self, features: Tensor, mask: Tensor) -> tuple[Prediction, Prediction]:
        """Returns the predictions of the critical face and of the bag."""
        critical_logit = self.classify(features).squeeze(-1).float()  # (B, M)
        critical = critical_logit.masked_fill(~mask, -torch.inf).argmax(dim=1)  # (B,)
        query = self.query(features)  # (B, M, D')
        likeness = (query * query.take_along_dim(critical[:, None, None], dim=1)).sum(dim=-1)
        weight = masked_softmax(likeness / query.shape[-1] ** 0.5, mask)
        bag_logit = self.classify_bag(self.value(features)).squeeze(-1).float().masked_fill(~mask, 0.0)
        return (
            Prediction(max_probability(critical_logit, mask), critical_logit, None),
            Prediction(sharp(bag_logit, weight), bag_logit, weight),
        )

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        """Returns the mean of both streams."""
        return average_streams(*self.streams(features, mask))


def average_streams(critical: Prediction, bag: Prediction) -> Prediction:
    """Averages the logits of both streams."""
    video_logit = (critical.video_logit + bag.video_logit) / 2
    return Prediction(video_logit, (critical.frame_logit + bag.frame_logit) / 2, bag.weight)


class DualStreamDetector(BagDetector):
    """Detector whose two streams each learn the video's label."""

    encoder: nn.Module
    pool: DualStreamPool

    def learn(self, bag: Bag, label: Tensor, boundary: Tensor | None) -> tuple[Prediction, Tensor]:  # noqa: ARG002
        """Returns the prediction, and the mean of both streams' cross-entropy."""
        streams = self.pool.streams(self.encode(self.embed(bag), bag.mask), bag.mask)
        return average_streams(*streams), (bce(streams[0].video_logit, label) + bce(streams[1].video_logit, label)) / 2


@register("dsmil", source="Li, Li & Eliceiri, CVPR 2021")
def dsmil(backbone: Backbone, *, filters: Size = 512, attention: Size = 128) -> DualStreamDetector:
    """Mean of the most fake-looking face m and of all faces weighted by their likeness to it.
    logit(p) = (c_m + sum_j a_j z_j) / 2, a = softmax(q_j q_m).
    """
    encoder = KernelEncoder(backbone.num_features, filters)
    return DualStreamDetector(backbone, encoder, DualStreamPool(filters, attention))
