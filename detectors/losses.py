"""Losses: use the labels of videos only, never a frame label of a data set."""

from typing import Literal

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
    return ((each * mask).sum(dim=1) / mask.sum(dim=1)).mean()
