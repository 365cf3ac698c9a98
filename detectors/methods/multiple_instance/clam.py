"""CLAM: attention with a clustering of the faces (Lu et al., Nature Biomedical Engineering 2021).

This is its single-branch model for two classes, on S-MIL's spatial instances. There is no dropout.
"""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from detectors.backbones import Backbone
from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector
from detectors.limits import Idle, Limit, OfFaces, Size
from detectors.losses import video_loss
from detectors.pooling import AttentionPool, GatedAttention
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder


def extremes(weight: Tensor, mask: Tensor, k: int) -> Tensor:
    """Marks the k faces with the highest weights by 1, the k with the lowest by -1, others by 0.

    No face is both: of a bag with fewer than 2k faces half are highest, half are lowest.

    Shape: (B, M), (B, M) bool -> (B, M).

    Example:
        >>> weight = torch.tensor([[0.1, 0.7, 0.2, 0.0]])
        >>> mask = torch.tensor([[True, True, True, False]])
        >>> extremes(weight, mask, k=8).tolist()
        [[-1, 1, 0, 0]]
    """
    count = mask.sum(dim=1, keepdim=True)  # (B, 1)
    taken = (count // 2).clamp(max=k)
    rank = weight.masked_fill(~mask, -torch.inf).argsort(dim=1, descending=True).argsort(dim=1)
    lowest = mask & (rank >= count - taken)
    return (rank < taken).int() - lowest.int()


class ClusteringPool(AttentionPool):
    """Gated attention pooling, with an instance classifier for each class of videos.

    The classifiers take part in the loss alone. The faces' logits and weights are those of gated
    ABMIL.

    Shape: (B, M, D), (B, M) -> Prediction with weights.
    """

    def __init__(self, width: int, attention: int, k: int, margin: float) -> None:
        super().__init__(width, GatedAttention(width, attention))
        self.cluster = nn.Linear(width, 2)
        self.k, self.margin = k, margin

    def instance_loss(self, features: Tensor, mask: Tensor, weight: Tensor, label: Tensor) -> Tensor:
        """Mean over the bags of sum_j softplus(m - s_j c_j) / 2k, their clustering loss.

        c_j is the logit that face j is evidence of the video's class, real or fake, from that
        class's own classifier. s_j is 1 for the k faces with the highest attention, -1 for the k
        with the lowest. The smooth top-1 SVM (Berrada et al., ICLR 2018) with tau = alpha = 1 is
        log(1 + e^(1 - s_j c_j)) for two classes, so m = 1. Cross-entropy has m = 0. A video with
        one face adds nothing.

        Shape: (B, M, D), (B, M), (B, M), (B,) -> ().
        """
        sign = extremes(weight, mask, self.k)
        evidence = self.cluster(features).float().take_along_dim(label.long()[:, None, None], dim=2).squeeze(-1)
        each = softplus(self.margin - sign * evidence).masked_fill(sign == 0, 0.0)
        return (each.sum(dim=1) / sign.abs().sum(dim=1).clamp(min=1)).mean()


class ClusteringDetector(BagDetector):
    """Detector that learns the videos' labels and the clustering of their faces."""

    pool: ClusteringPool

    def __init__(self, backbone: Backbone, encoder: nn.Module, pool: ClusteringPool, bag_weight: float) -> None:
        super().__init__(backbone, encoder, pool)
        self.bag_weight = bag_weight

    def learn(self, bag: Bag, label: Tensor, boundary: Tensor | None) -> tuple[Prediction, Tensor]:  # noqa: ARG002
        """Returns the prediction and c L_video + (1 - c) L_instance, with c the ``bag_weight``."""
        features = self.encode(self.embed(bag), bag.mask)
        prediction = self.pool(features, bag.mask)
        of_video = video_loss(prediction, label, bag.mask, self.supervision)
        of_faces = self.pool.instance_loss(features, bag.mask, prediction.weight, label)
        return prediction, self.bag_weight * of_video + (1 - self.bag_weight) * of_faces


_UNLESS_VIDEOS_ALONE = Idle("bag_weight", lambda weight: weight == 1)
"""At 1 the instance loss weighs nothing."""


@register("clam", source="Lu et al., Nature BME 2021")
def clam(
    backbone: Backbone,
    *,
    filters: Size = 512,
    attention: Size = 256,
    k: Annotated[Size, OfFaces(2), _UNLESS_VIDEOS_ALONE] = 1,
    instance_loss: Annotated[Literal["svm", "ce"], _UNLESS_VIDEOS_ALONE] = "svm",
    bag_weight: Annotated[float, Limit("a number above 0 and up to 1", lambda weight: 0 < weight <= 1)] = 0.7,
) -> ClusteringDetector:
    """Gated attention-based MIL that also learns to tell its k most and least attended faces apart.
    logit(p) = W sum_j a_j h_j + b; the loss is 0.7 L_video + 0.3 L_instance.

    The instance loss is the smooth SVM, as in the paper and in the commands of the authors' README.
    For two classes it is a cross-entropy with a margin, so it needs no package. The authors' k is 8
    of thousands of patches. It is 1 here, since a bag may have a single fake face.
    """
    encoder = KernelEncoder(backbone.num_features, filters)
    pool = ClusteringPool(filters, attention, k, margin=1.0 if instance_loss == "svm" else 0.0)
    return ClusteringDetector(backbone, encoder, pool, bag_weight)
