"""Attention-based deep MIL (Ilse, Tomczak & Welling, ICML 2018), on S-MIL's spatial instances.

S-MIL is its special case with a linear attention and a classifier without bias.
"""

from torch import nn

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.limits import Size
from detectors.pooling import AttentionPool, GatedAttention
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder

SOURCE = "Ilse et al., ICML 2018"


@register("abmil", source=f"{SOURCE}, Eq. 7 and 8")
def abmil(backbone: Backbone, *, filters: Size = 512, attention: Size = 128) -> BagDetector:
    """Attention-based MIL: logit(p) = W sum_j a_j h_j + b, a = softmax(u tanh(V h))."""
    attend = nn.Sequential(nn.Linear(filters, attention), nn.Tanh(), nn.Linear(attention, 1, bias=False))
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), AttentionPool(filters, attend))


@register("abmil-gated", source=f"{SOURCE}, Eq. 7 and 9")
def abmil_gated(backbone: Backbone, *, filters: Size = 512, attention: Size = 128) -> BagDetector:
    """Attention-based MIL with gates: logit(p) = W sum_j a_j h_j + b. The gated weights are a =
    softmax(u (tanh(V h) * sigmoid(U h))).
    """
    pool = AttentionPool(filters, GatedAttention(filters, attention))
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), pool)
