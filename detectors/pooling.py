"""Pools: aggregate the logits of the faces to the logit of the video.

All work in logit space, where they stay finite. p_j is a face's fake probability and z_j its logit.
A bag has M faces. Padding has mask False and does not count.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from detectors.bag import Prediction


def mean_probability(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Video logit of the mean face probability, p = mean_j p_j (Li 2020, Eq. 2).

    Computed in logs: log(mean p) - log(mean(1 - p)).

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).

    Example:
        >>> logit, mask = torch.tensor([[2.0, -2.0, 9.0]]), torch.tensor([[True, True, False]])
        >>> torch.sigmoid(mean_probability(logit, mask))
        tensor([0.5000])
    """
    fake = logsigmoid(frame_logit).masked_fill(~mask, -torch.inf)
    real = logsigmoid(-frame_logit).masked_fill(~mask, -torch.inf)
    return torch.logsumexp(fake, dim=1) - torch.logsumexp(real, dim=1)


def max_probability(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Video logit of the largest face probability, p = max_j p_j (Li 2020, Eq. 2).

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).

    Example:
        >>> logit, mask = torch.tensor([[2.0, -2.0, 9.0]]), torch.tensor([[True, True, False]])
        >>> max_probability(logit, mask)
        tensor([2.])
    """
    return frame_logit.masked_fill(~mask, -torch.inf).amax(dim=1)


def mean_logit(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Mean of the face logits, z = sum_j z_j / M.

    For a linear classifier it is the logit of the mean embedding.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).

    Example:
        >>> logit, mask = torch.tensor([[2.0, -1.0, 9.0]]), torch.tensor([[True, True, False]])
        >>> mean_logit(logit, mask)
        tensor([0.5000])
    """
    return (frame_logit * mask).sum(dim=1) / mask.sum(dim=1)


def top_mean(frame_logit: Tensor, mask: Tensor, k: int, share: float = 0.0) -> Tensor:
    """Mean of the k largest face logits of each bag.

    With ``share`` it is the mean of that share of the faces instead (rounded, at least one). A bag
    with fewer faces gives the mean of all.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).

    Example:
        >>> logit, mask = torch.tensor([[3.0, 1.0, -5.0]]), torch.tensor([[True, True, True]])
        >>> top_mean(logit, mask, k=2)
        tensor([2.])
    """
    count = mask.sum(dim=1, keepdim=True)  # (B, 1)
    wanted = (share * count).round().clamp(min=1) if share else torch.full_like(count, k)
    ranked = frame_logit.masked_fill(~mask, -torch.inf).sort(dim=1, descending=True).values
    taken = torch.arange(mask.shape[1], device=mask.device) < torch.minimum(wanted, count)  # (B, M)
    return mean_logit(ranked.masked_fill(~taken, 0.0), taken)


def log_mean_exp(frame_logit: Tensor, mask: Tensor, r: float) -> Tensor:
    """Soft maximum, z = 1/r log(1/M sum_j exp(r z_j)) (Pinheiro & Collobert, CVPR 2015).

    It is the mean as r -> 0, and the maximum as r -> infinity.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).

    Example:
        >>> logit, mask = torch.tensor([[3.0, 1.0]]), torch.tensor([[True, True]])
        >>> log_mean_exp(logit, mask, r=1000.0).round(decimals=2)
        tensor([3.])
    """
    total = torch.logsumexp(r * frame_logit.masked_fill(~mask, -torch.inf), dim=1)
    return (total - mask.sum(dim=1).to(total.dtype).log()) / r


def noisy_or(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Bag logit of classic MIL, p = 1 - prod_j (1 - p_j) (Li 2020, Eq. 4).

    Computed in logs, log(1 - e^s) - s with s = sum_j log(1 - p_j). It is finite for any logit, and
    so is its gradient.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).

    Example:
        >>> logit, mask = torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)
        >>> torch.sigmoid(noisy_or(logit, mask))  # 1 - 0.5 * 0.5
        tensor([0.7500])
    """
    real = logsigmoid(-frame_logit).masked_fill(~mask, 0.0).sum(dim=1)  # (B,) log(1 - p)
    faint = torch.finfo(real.dtype).eps
    either = torch.log(-torch.expm1(real.clamp(max=-faint))) - real
    # Below, p and sum_j e^z_j are equal to the last digit, and 1 / p, the logarithm's slope, would overflow.
    total = torch.logsumexp(frame_logit.masked_fill(~mask, -torch.inf), dim=1)
    return torch.where(real < -faint, either, total)


def sharp_sum(frame_logit: Tensor, mask: Tensor) -> Tensor:
    """Bag logit of sharp MIL without weights, sum_j z_j (Li 2020, Eq. 7 and 8).

    This is p = 1 / (1 + prod_j (1/p_j - 1)). It grows with the number of faces.

    Shape: frame_logit (B, M), mask (B, M) bool -> (B,).

    Example:
        >>> sharp_sum(torch.tensor([[2.0, -0.5, 9.0]]), torch.tensor([[True, True, False]]))
        tensor([1.5000])
    """
    return (frame_logit * mask).sum(dim=1)


def sharp(frame_logit: Tensor, weight: Tensor) -> Tensor:
    """Bag logit of sharp MIL, sum_j a_j z_j (Li 2020, Eq. 9 and 10 with a_j as the exponent).

    This is p = 1 / (1 + prod_j (1/p_j - 1)^a_j).

    Shape: frame_logit (B, M), weight (B, M) with zeros at padding -> (B,).

    Example:
        >>> sharp(torch.tensor([[2.0, -2.0]]), torch.tensor([[0.75, 0.25]]))
        tensor([1.])
    """
    return (weight * frame_logit).sum(dim=1)


def masked_softmax(score: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the real faces, with zeros at padding.

    Shape: score (B, M), mask (B, M) bool -> (B, M), rows sum to 1.

    Example:
        >>> masked_softmax(torch.tensor([[1.0, 1.0, 7.0]]), torch.tensor([[True, True, False]]))
        tensor([[0.5000, 0.5000, 0.0000]])
    """
    return score.float().masked_fill(~mask, -torch.inf).softmax(dim=1)


class FrameHead(nn.Module):
    """One linear classifier for all faces, z_j = W h_j + b, and their aggregate (Li 2020, Eq. 2).

    Shape: (B, M, D), (B, M) -> Prediction without weights.

    Example:
        >>> head = FrameHead(num_features=4, aggregate=mean_logit)
        >>> head(torch.zeros(1, 3, 4), torch.ones(1, 3, dtype=torch.bool)).frame_logit.shape
        torch.Size([1, 3])
    """

    def __init__(self, num_features: int, aggregate: Callable[[Tensor, Tensor], Tensor], bias: bool = True) -> None:
        super().__init__()
        self.classify = nn.Linear(num_features, 1, bias=bias)
        self.aggregate = aggregate

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        """Returns the logits of the videos and of their faces."""
        frame_logit = self.classify(features).squeeze(-1).float()  # (B, M)
        return Prediction(self.aggregate(frame_logit, mask), frame_logit, None)


class GatedAttention(nn.Module):
    """Gated attention score, u . (tanh(V h) * sigmoid(U h)) (Ilse 2018, Eq. 9).

    Shape: (B, M, D) -> (B, M, 1).
    """

    def __init__(self, num_features: int, attention: int) -> None:
        super().__init__()
        self.value = nn.Linear(num_features, attention)
        self.gate = nn.Linear(num_features, attention)
        self.score = nn.Linear(attention, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Returns the score of each face before the softmax."""
        score: Tensor = self.score(torch.tanh(self.value(features)) * torch.sigmoid(self.gate(features)))
        return score


class AttentionPool(nn.Module):
    """Attention pooling: a linear classifier on the weighted mean of the embeddings.

    a = softmax_j(attend(h_j)), z_j = W h_j + b, logit(p) = W sum_j a_j h_j + b = sum_j a_j z_j. A
    face's logit is the classifier's on that face alone. ``attend`` maps (B, M, D) -> (B, M, 1).

    Shape: (B, M, D), (B, M) -> Prediction with weights.

    Example:
        >>> pool = AttentionPool(num_features=4, attend=nn.Linear(4, 1))
        >>> pool(torch.zeros(1, 2, 4), torch.ones(1, 2, dtype=torch.bool)).weight.tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, num_features: int, attend: nn.Module, bias: bool = True) -> None:
        super().__init__()
        self.attend = attend
        self.classify = nn.Linear(num_features, 1, bias=bias)

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        """Returns the logits of the videos and of their faces, and the weights."""
        weight = masked_softmax(self.attend(features).squeeze(-1), mask)
        frame_logit = self.classify(features).squeeze(-1).float().masked_fill(~mask, 0.0)
        return Prediction(sharp(frame_logit, weight), frame_logit, weight)


class SharpPool(AttentionPool):
    """S-MIL: a_j = softmax_j(w . h_j), z_j = W h_j, logit(p) = sum_j a_j z_j (Li 2020, Eq. 9 and
    10).

    W has no bias, or the two forms of Eq. 10 would differ. The bag logit is a weighted *mean* of
    face logits. So a low fake rate is seen only if the weights are peaked.

    Example:
        >>> pool = SharpPool(num_features=4)
        >>> pool(torch.zeros(1, 2, 4), torch.ones(1, 2, dtype=torch.bool)).video_logit.tolist()
        [0.0]
    """

    def __init__(self, num_features: int) -> None:
        super().__init__(num_features, nn.Linear(num_features, 1, bias=False), bias=False)
