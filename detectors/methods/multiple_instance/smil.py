"""S-MIL: sharp multiple instance learning (Li et al., ACM MM 2020) from video labels only."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from detectors.backbones import Backbone
from detectors.bag import Prediction
from detectors.detector import BagDetector
from detectors.limits import POSITIVE, Idle, OfFaces, Size
from detectors.pooling import FrameHead, SharpPool, sharp_sum
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder


class KernelBags(nn.Module):
    """Makes a bag of instances for each kernel, c^k_j = ReLU(w^k * h_{j..j+k-1} + b^k) (Li 2020,
    Eq. 11).

    Shape: (B, M, D), mask (B, M) -> (B, M, K, filters).
    """

    def __init__(self, num_features: int, filters: int, kernels: Sequence[int]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(KernelEncoder(num_features, filters, k) for k in kernels)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Returns the bags of all kernels."""
        return torch.stack([encode(features, mask) for encode in self.encoders], dim=2)


class SharpBags(nn.Module):
    """S-MIL over the bags c^k of all kernels: logit(p) = scale * sum_jk a_jk z_jk (Li 2020, Eq.
    12).

    The weights sum to 1: sum_jk a_jk = 1. A face's weight is that of its instances, a_j = sum_k
    a_jk. Its logit is their weighted mean, scale * sum_k a_jk z_jk / a_j. So sum_j a_j z_j is the
    video's logit, and one face gives its own.

    Shape: (B, M, K, F), (B, M) -> Prediction with weights.
    """

    scale = 1

    @abstractmethod
    def weigh(self, bags: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log a_jk, -inf at padding, and z_jk.

        Shape: -> (B, M, K), (B, M, K).
        """

    def forward(self, bags: Tensor, mask: Tensor) -> Prediction:
        """Returns the prediction of all bags together."""
        log_weight, logit = self.weigh(bags, mask)
        weight = log_weight.exp()
        share = log_weight.masked_fill(~mask.unsqueeze(-1), 0.0).softmax(dim=2)  # a_jk / a_j, also where a_j is 0
        frame_logit = self.scale * (share * logit).sum(dim=2)
        return Prediction(self.scale * (weight * logit).sum(dim=(1, 2)), frame_logit, weight.sum(dim=2))


class BagOfBags(SharpBags):
    """Eq. 12 on embeddings: a second S-MIL pools the embedding of each bag.

    z^k = sum_j a^k_j c^k_j, b = softmax_k(v . z^k), logit(p) = sum_k b_k W z^k. So a_jk = b_k a^k_j
    and z_jk = W c^k_j.
    """

    def __init__(self, num_features: int, count: int) -> None:
        super().__init__()
        self.attend = nn.Linear(num_features, count, bias=False)
        self.attend_bags = nn.Linear(num_features, 1, bias=False)
        self.classify = nn.Linear(num_features, 1, bias=False)

    def weigh(self, bags: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log a_jk and z_jk."""
        inside = _log_softmax(_head_per_bag(self.attend, bags), mask)  # (B, M, K), each bag by itself
        embedding = torch.einsum("bmk,bmkf->bkf", inside.exp(), bags.float())
        among = self.attend_bags(embedding).squeeze(-1).float().log_softmax(dim=1)  # (B, K)
        return inside + among.unsqueeze(1), self.classify(bags).squeeze(-1).float()


class SumOfBags(SharpBags):
    """Eq. 12 on scores: each bag has an S-MIL of its own, and Eq. 8 joins the scores.

    logit(p) = sum_k sum_j a^k_j W^k c^k_j. So a_jk = a^k_j / K, z_jk = W^k c^k_j, and the scale is
    K.
    """

    def __init__(self, num_features: int, count: int) -> None:
        super().__init__()
        self.scale = count
        self.attend = nn.Linear(num_features, count, bias=False)
        self.classify = nn.Linear(num_features, count, bias=False)

    def weigh(self, bags: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log a_jk and z_jk."""
        inside = _log_softmax(_head_per_bag(self.attend, bags), mask)
        return inside - math.log(self.scale), _head_per_bag(self.classify, bags)


class OneBag(SharpBags):
    """Eq. 12 on instances: one S-MIL over all K M instances.

    a = softmax_jk(w . c^k_j), z_jk = W c^k_j.
    """

    def __init__(self, num_features: int, count: int) -> None:  # noqa: ARG002
        super().__init__()
        self.attend = nn.Linear(num_features, 1, bias=False)
        self.classify = nn.Linear(num_features, 1, bias=False)

    def weigh(self, bags: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log a_jk and z_jk."""
        score = self.attend(bags).squeeze(-1).float()  # (B, M, K)
        together = _log_softmax(score.flatten(1), mask.repeat_interleave(score.shape[2], dim=1))
        return together.view_as(score), self.classify(bags).squeeze(-1).float()


def _head_per_bag(heads: nn.Linear, bags: Tensor) -> Tensor:
    """Applies the k-th head to the k-th bag.

    Shape: (B, M, K, F) -> (B, M, K).
    """
    return torch.einsum("bmkf,kf->bmk", bags, heads.weight).float()


def _log_softmax(score: Tensor, mask: Tensor) -> Tensor:
    """Log-softmax over the faces, -inf at padding."""
    padding = ~mask.view(*mask.shape, *[1] * (score.ndim - 2))
    return score.masked_fill(padding, -torch.inf).log_softmax(dim=1)


EQ12: dict[str, type[BagOfBags | SumOfBags | OneBag]] = {
    "embeddings": BagOfBags,
    "scores": SumOfBags,
    "instances": OneBag,
}
"""The readings of Eq. 12, by the value of the option ``eq12``."""


@register("s-mil", source="Li et al., ACM MM 2020, Eq. 9 to 11")
def s_mil(backbone: Backbone, *, filters: Size = 512) -> BagDetector:
    """Sharp MIL on spatial instances (k = 1): logit(p) = sum_j a_j z_j.
    The weights are a = softmax(w h) and the face logits z = W h.
    """
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), SharpPool(filters))


@register("s-mil-sum", source="Li et al., ACM MM 2020, Eq. 7 and 8")
def s_mil_sum(backbone: Backbone, *, filters: Size = 512) -> BagDetector:
    """Sharp MIL without weights: logit(p) = sum_j z_j, z = W h.

    It has no bias, as s-mil. The logit grows with the number of faces. So a detector trained on 8
    faces a video is more certain on 20.
    """
    head = FrameHead(filters, sharp_sum, bias=False)
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), head)


@register("s-mil-t", source="Li et al., ACM MM 2020, Eq. 9 to 12", ordered=True)
def s_mil_t(
    backbone: Backbone,
    *,
    filters: Size = 512,
    kernels: Annotated[tuple[int, ...], POSITIVE, OfFaces()] = (1, 2, 3),
    eq12: Annotated[
        Literal["embeddings", "scores", "instances"], Idle("kernels", lambda kernels: len(kernels) == 1)
    ] = "embeddings",
) -> BagDetector:
    """Sharp MIL on spatial-temporal instances: logit(p) = sum_k b_k sum_j a_jk z_jk. There is one
    bag for each kernel k.

    Eq. 12 is written on scores but weighs embeddings. ``embeddings``: S-MIL over the bags'
    embeddings. ``scores``: Eq. 8 over the bags' scores, logit(p) = sum_k logit(p^k). ``instances``:
    one bag of all instances. They are the same for a single kernel.
    """
    encoder = KernelBags(backbone.num_features, filters, kernels)
    return BagDetector(backbone, encoder, EQ12[eq12](filters, len(kernels)))
