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


def mean_logit(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Mean of the face logits, z = sum_j z_j / M: of a linear classifier, the logit of the mean embedding.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).
    """
    return (frame_logit * mask).sum(dim=1) / mask.sum(dim=1)


def top_mean(frame_logit: Tensor, mask: Tensor, k: int, share: float = 0.0) -> Tensor:
    """Mean of the k largest face logits of each bag, or of that ``share`` of its faces (rounded, at least one); of all
    where a bag has fewer.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).
    """
    count = mask.sum(dim=1, keepdim=True)  # (B, 1)
    wanted = (share * count).round().clamp(min=1) if share else torch.full_like(count, k)
    ranked = frame_logit.masked_fill(~mask, -torch.inf).sort(dim=1, descending=True).values
    taken = torch.arange(mask.shape[1], device=mask.device) < torch.minimum(wanted, count)  # (B, M)
    return mean_logit(ranked.masked_fill(~taken, 0.0), taken)


def log_mean_exp(frame_logit: Tensor, mask: Tensor, r: float) -> Tensor:
    """A mean that leans to the largest, z = 1/r log(1/M sum_j exp(r z_j)) (Pinheiro & Collobert, CVPR 2015): the mean
    as r -> 0, the maximum as r -> infinity.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).
    """
    total = torch.logsumexp(r * frame_logit.masked_fill(~mask, -torch.inf), dim=1)
    return (total - mask.sum(dim=1).to(total.dtype).log()) / r


def noisy_or(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Bag logit of classic MIL, p = 1 - prod_j (1 - p_j) (Li 2020, Eq. 4).

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,). Computed in logs, log(1 - e^s) - s with s = sum_j log(1 - p_j);
    finite for any logit, and so is its gradient.
    """
    real = logsigmoid(-frame_logit).masked_fill(~mask, 0.0).sum(dim=1)  # (B,) log(1 - p)
    faint = torch.finfo(real.dtype).eps
    either = torch.log(-torch.expm1(real.clamp(max=-faint))) - real
    # Below, p and sum_j e^z_j are the same to the last digit, and 1 / p, the logarithm's slope, would overflow.
    total = torch.logsumexp(frame_logit.masked_fill(~mask, -torch.inf), dim=1)
    return torch.where(real < -faint, either, total)


def sharp_sum(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Bag logit of sharp MIL without weights, p = 1 / (1 + prod_j (1/p_j - 1)), which is sum_j z_j (Li 2020, Eq. 7 and
    8). It grows with the number of faces.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).
    """
    return (frame_logit * mask).sum(dim=1)


def sharp(frame_logit: Tensor, weight: Tensor) -> Tensor:
    """Bag logit of sharp MIL, p = 1 / (1 + prod_j (1/p_j - 1)^a_j), which is sum_j a_j z_j (Li 2020, Eq. 9 and 10 with
    a_j as the exponent).

    Shape: frame_logit (B, M), weight (B, M) with zeros at padding -> (B,).
    """
    return (weight * frame_logit).sum(dim=1)


def masked_softmax(score: Tensor, mask: Tensor) -> Tensor:
    """Weights of the real faces, zero at padding.

    Shape: score (B, M), mask (B, M) bool -> (B, M), rows sum to 1.
    """
    return score.float().masked_fill(~mask, -torch.inf).softmax(dim=1)


class FrameHead(nn.Module):
    """One linear classifier for all faces, z_j = W h_j + b; the video is their aggregate, as in Li 2020, Eq. 2.

    Shape: (B, M, D), (B, M) -> Prediction without weights.
    """

    def __init__(self, num_features: int, aggregate: Callable[[Tensor, Tensor], Tensor], bias: bool = True) -> None:
        super().__init__()
        self.classify = nn.Linear(num_features, 1, bias=bias)
        self.aggregate = aggregate

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        frame_logit = self.classify(features).squeeze(-1).float()  # (B, M)
        return Prediction(self.aggregate(frame_logit, mask), frame_logit, None)


class AttentionPool(nn.Module):
    """A weighted mean of embeddings, judged by one linear classifier: a = softmax_j(attend(h_j)), z_j = W h_j + b,
    logit(p) = W sum_j a_j h_j + b = sum_j a_j z_j.

    A face's logit is the classifier's on that face alone. ``attend`` maps (B, M, D) -> (B, M, 1).

    Shape: (B, M, D), (B, M) -> Prediction with weights.
    """

    def __init__(self, num_features: int, attend: nn.Module, bias: bool = True) -> None:
        super().__init__()
        self.attend = attend
        self.classify = nn.Linear(num_features, 1, bias=bias)

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        weight = masked_softmax(self.attend(features).squeeze(-1), mask)
        frame_logit = self.classify(features).squeeze(-1).float().masked_fill(~mask, 0.0)
        return Prediction(sharp(frame_logit, weight), frame_logit, weight)


class SharpPool(AttentionPool):
    """S-MIL: a_j = softmax_j(w . h_j), z_j = W h_j, logit(p) = sum_j a_j z_j (Li 2020, Eq. 9 and 10).

    W has no bias, or the two forms of Eq. 10 would differ. The bag logit is a weighted *mean* of face logits, so a low
    fake rate is seen only if the weights are peaked.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__(num_features, nn.Linear(num_features, 1, bias=False), bias=False)
