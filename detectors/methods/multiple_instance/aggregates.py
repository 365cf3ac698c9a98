"""MIL by a fixed aggregate of the face logits: mean, maximum and what lies between.

The instances are S-MIL's spatial ones. Unlike xn-avg and xn-max these detectors are trained on the
aggregate. Those two are one frame classifier, trained with the video's label for every face.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated

from torch import Tensor

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.limits import Idle, Limit, OfFaces, Share, Size
from detectors.pooling import FrameHead, log_mean_exp, max_probability, mean_logit, top_mean
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder


def _pooled(backbone: Backbone, filters: int, aggregate: Callable[[Tensor, Tensor], Tensor]) -> BagDetector:
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), FrameHead(filters, aggregate))


@register("mean", source="baseline of Ilse et al., ICML 2018")
def mean(backbone: Backbone, *, filters: Size = 512) -> BagDetector:
    """The classifier on the mean embedding: logit(p) = W sum_j h_j / M + b = sum_j z_j / M."""
    return _pooled(backbone, filters, mean_logit)


@register("max", source="baseline of Ilse et al., ICML 2018")
def maximum(backbone: Backbone, *, filters: Size = 512) -> BagDetector:
    """The most fake-looking face, which alone is trained: logit(p) = max_j z_j."""
    return _pooled(backbone, filters, max_probability)


@register("top-k", source="mean of the highest instances; as in Li & Vasconcelos, CVPR 2015")
def top_k(
    backbone: Backbone,
    *,
    filters: Size = 512,
    k: Annotated[Size, OfFaces(), Idle("share", bool)] = 3,
    share: Share = 0.0,
) -> BagDetector:
    """The mean of the k most fake-looking faces: logit(p) = 1/k sum of the k largest z_j.

    ``share`` in 0..1, if given, is the part of the bag's faces that is taken instead of k.
    """
    return _pooled(backbone, filters, partial(top_mean, k=k, share=share))


@register("lse", source="Pinheiro & Collobert, CVPR 2015")
def lse(
    backbone: Backbone,
    *,
    filters: Size = 512,
    r: Annotated[float, Limit("a number above 0", lambda r: 0 < r < math.inf)] = 5.0,
) -> BagDetector:
    """A soft maximum, log-sum-exp: logit(p) = 1/r log(1/M sum_j exp(r z_j)).

    For r near 0 it is the mean. The larger r is, the nearer it comes to the maximum.
    """
    return _pooled(backbone, filters, partial(log_mean_exp, r=r))
