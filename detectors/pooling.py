"""Pools: from the logits of the faces to the logit of the video. All work in logit space, where they stay finite.

p_j is a face's fake probability and z_j its logit; M faces in a bag; padding has mask False and counts for nothing.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from detectors.bag import Prediction


def mean_probability(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Video logit of the mean face probability, p = mean_j p_j (Li 2020, Eq. 2).

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,). Computed in logs: log(mean p) - log(mean(1 - p)).
    """
    fake = logsigmoid(frame_logit).masked_fill(~mask, -torch.inf)
    real = logsigmoid(-frame_logit).masked_fill(~mask, -torch.inf)
    return torch.logsumexp(fake, dim=1) - torch.logsumexp(real, dim=1)


def max_probability(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Video logit of the largest face probability, p = max_j p_j (Li 2020, Eq. 2).

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).
    """
    return frame_logit.masked_fill(~mask, -torch.inf).amax(dim=1)


def noisy_or(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Bag logit under the classic MIL rule, p = 1 - prod_j (1 - p_j) (Li 2020, Eq. 4).

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,). Computed in logs: with s = sum_j log(1 - p_j) it is
    log(1 - e^s) - s; finite for any finite logits.
    """
    all_real = logsigmoid(-frame_logit).masked_fill(~mask, 0.0).sum(dim=1)  # log prod_j (1 - p_j)
    all_real = all_real.clamp(max=-torch.finfo(all_real.dtype).tiny)  # of very real faces it rounds to 0
    return torch.log(-torch.expm1(all_real)) - all_real


def sharp(frame_logit: Tensor, weight: Tensor) -> Tensor:
    """Bag logit of sharp MIL, p = 1 / (1 + prod_j (1/p_j - 1)^a_j), which is sum_j a_j z_j (Li 2020, Eq. 9 and 10 with
    a_j as the exponent).

    Shape: frame_logit (B, M), weight (B, M) with zeros at padding -> (B,).
    """
    return (weight * frame_logit).sum(dim=1)


class FrameHead(nn.Module):
    """One linear classifier for all faces; the video is their aggregate (Li 2020, Eq. 2).

    Shape: (B, M, D), (B, M) -> Prediction without weights.
    """

    def __init__(self, num_features: int, aggregate: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.classify = nn.Linear(num_features, 1)
        self.aggregate = aggregate

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        frame_logit = self.classify(features).squeeze(-1).float()  # (B, M)
        return Prediction(self.aggregate(frame_logit, mask), frame_logit, None)


class SharpPool(nn.Module):
    """S-MIL: a_j = softmax_j(w . h_j), z_j = W h_j, logit(p) = sum_j a_j z_j (Li 2020, Eq. 9 and 10).

    W has no bias, or the two forms of Eq. 10 would differ. The bag logit is a weighted *mean* of face logits, so a low
    fake rate is seen only if the weights are peaked.

    Shape: (B, M, D), (B, M) -> Prediction with weights.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.attend = nn.Linear(num_features, 1, bias=False)
        self.classify = nn.Linear(num_features, 1, bias=False)

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        score = self.attend(features).squeeze(-1).float()  # (B, M)
        weight = score.masked_fill(~mask, -torch.inf).softmax(dim=1)
        frame_logit = self.classify(features).squeeze(-1).float().masked_fill(~mask, 0.0)
        return Prediction(sharp(frame_logit, weight), frame_logit, weight)
