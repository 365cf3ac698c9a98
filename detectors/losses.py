"""Losses: use the labels of videos only, never a frame label of a data set."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from detectors.bag import Prediction

Supervision = Literal["video", "frame"]
"""Which logits the loss takes: the video's, or each face's with its video's label."""


def video_loss(prediction: Prediction, label: Tensor, mask: Tensor, supervision: Supervision) -> Tensor:
    """Mean binary cross-entropy of a batch (Li 2020, Eq. 13).

    It is taken on the video's logit or, for ``frame``, on each face's logit with its video's label.
    Every video weighs the same.

    Shape: label (B,), mask (B, M) -> ().

    Example:
        >>> import torch
        >>> prediction = Prediction(torch.zeros(1), torch.zeros(1, 2), None)
        >>> mask = torch.ones(1, 2, dtype=torch.bool)
        >>> video_loss(prediction, torch.ones(1), mask, "video")
        tensor(0.6931)
    """
    if supervision == "video":
        return bce(prediction.video_logit.float(), label)
    each = bce(prediction.frame_logit.float(), label[:, None].expand_as(mask), reduction="none")  # (B, M)
    return mean_of_videos(each, mask)


def mean_of_videos(each: Tensor, mask: Tensor) -> Tensor:
    """Averages over each video's faces, then over videos: every video weighs the same.

    So the loss of a batch is the mean of those of its parts, however many faces these have.

    Shape: each (B, M), mask (B, M) -> ().

    Example:
        >>> mask = torch.tensor([[True, True], [True, False]])
        >>> mean_of_videos(torch.tensor([[1.0, 3.0], [4.0, 0.0]]), mask)
        tensor(3.)
    """
    return ((each * mask).sum(dim=1) / mask.sum(dim=1)).mean()


def alignment_loss(unit: Tensor, label: Tensor) -> Tensor:
    """Mean squared distance of two faces of the same label (Wang & Isola, ICML 2020, alpha = 2).

    L = mean_{i<j, y_i = y_j} |u_i - u_j|^2. It is 0 where no two labels are the same.

    Shape: unit (P, D) of length 1, label (P,) -> ().

    Example:
        >>> alignment_loss(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.ones(2))
        tensor(2.)
    """
    distance, first, second = _squared_distances(unit)
    alike = label[first] == label[second]
    return (distance * alike).sum() / alike.sum().clamp(min=1)


def uniformity_loss(unit: Tensor, t: float = 2.0) -> Tensor:
    """Log of the mean Gaussian potential of two faces (Wang & Isola, ICML 2020, t = 2).

    L = log mean_{i<j} exp(-t |u_i - u_j|^2). It is 0 for a single face.

    Shape: unit (P, D) of length 1 -> ().

    Example:
        >>> uniformity_loss(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
        tensor(-8.)
    """
    distance, _, _ = _squared_distances(unit)
    return (-t * distance).exp().mean().log() if len(distance) else unit.sum() * 0


def _squared_distances(unit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns |u_i - u_j|^2 = 2 - 2 u_i u_j of each pair i < j, and its i and its j.

    Unlike a norm it has a gradient where both are the same.

    Shape: (P, D) -> (Q,), (Q,), (Q,) with Q = P (P - 1) / 2.
    """
    first, second = torch.triu_indices(len(unit), len(unit), offset=1, device=unit.device)
    return (2 - 2 * unit @ unit.T)[first, second], first, second
