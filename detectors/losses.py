"""Losses. No frame label of a data set is ever used: a face knows its video's label at most."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from detectors.bag import Prediction

Supervision = Literal["video", "frame"]
"""What the loss is taken on: the bag's logit, or each face's with its video's label."""


def video_loss(prediction: Prediction, label: Tensor, mask: Tensor, supervision: Supervision) -> Tensor:
    """Mean binary cross-entropy of a batch (Li 2020, Eq. 13): on the video's logit, or (``frame``) on each face's with
    its video's label, every video weighing the same.

    Shape: label (B,), mask (B, M) -> ().
    """
    if supervision == "video":
        return bce(prediction.video_logit.float(), label)
    each = bce(prediction.frame_logit.float(), label[:, None].expand_as(mask), reduction="none")  # (B, M)
    return ((each * mask).sum(dim=1) / mask.sum(dim=1)).mean()
