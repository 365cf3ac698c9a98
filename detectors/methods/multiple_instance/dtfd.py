"""DTFD-MIL: double-tier feature distillation (Zhang et al., CVPR 2022), on S-MIL's spatial
instances.

Pseudo-bags, attention, distillation and their defaults are those of the authors' code. One thing
differs: the sum of both losses trains the whole detector. In that code tier 2's loss trains tier 2
alone, and the faces' embedding learns from tier 1. Here most pseudo-bags of a fake may hold no fake
face, so tier 1 learns from wrong labels. ``joint=false`` is the authors' way.
"""

from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import one_hot

from detectors.backbones import Backbone
from detectors.bag import Bag, Prediction, unpack
from detectors.detector import BagDetector
from detectors.limits import OfFaces, Size
from detectors.pooling import GatedAttention, masked_softmax, sharp
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder

Distillation = Literal["afs", "maxs", "maxmins", "mas"]
"""What a pseudo-bag hands on to tier 2.

Its attention-weighted mean (``afs``), its face with the highest probability (``maxs``), those with
the highest and the lowest (``maxmins``), or the one with the highest attention (``mas``).
"""


class FirstTier(NamedTuple):
    """What tier 1 says of the pseudo-bags, and what it hands on to tier 2.

    Shape: logit (B, G); used (B, G) bool, False for pseudo-bags without a face; share (B, R, M),
        each row the weights of the faces in a distilled feature; kept (B, R) bool.
    """

    logit: Tensor
    used: Tensor
    share: Tensor
    kept: Tensor


def deal(score: Tensor, mask: Tensor, groups: int) -> Tensor:
    """Deals the faces of each bag, the highest score first, to its pseudo-bags in turn.

    Their sizes differ by one at most. A bag with fewer faces than pseudo-bags leaves the last ones
    empty.

    Shape: (B, M), (B, M) bool -> (B, G, M) bool.

    Example:
        >>> score, mask = torch.tensor([[0.1, 0.9, 0.5]]), torch.ones(1, 3, dtype=torch.bool)
        >>> deal(score, mask, groups=2).int().tolist()
        [[[1, 1, 0], [0, 0, 1]]]
    """
    rank = score.masked_fill(~mask, -torch.inf).argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    turn = torch.arange(groups, device=mask.device)[:, None]
    return (rank[:, None] % groups == turn) & mask[:, None]


class DoubleTierPool(nn.Module):
    """ABMIL on pseudo-bags of a bag, then ABMIL on what each of them hands on (Zhang 2022).

    Tier 1 has the logit sum_j a_gj y_j of pseudo-bag g, with a_g the softmax of its faces' gated
    scores, y_j = w1 h_j + b1. Grad-CAM gives the probability of a face in it, sigmoid(a_gj w1 h_j),
    by which ``maxs`` and ``maxmins`` choose. A distilled feature is sum_j d_rj h_j, with one face
    or with d = a for ``afs``. Tier 2 attends to these features by c_r = softmax of gated scores.

    So the video's logit is sum_j v_j z_j with z_j = w2 h_j + b2 and v_j = sum_r c_r d_rj, which sum
    to 1. A face's logit is z_j, that of a video of this face alone.

    In training the pseudo-bags are drawn at random. In prediction the faces are dealt to them in
    turn, from the highest y_j to the lowest. So neither the order of the faces nor another bag has
    a part in it, and each pseudo-bag gets high and low faces as a random one does.

    Shape: (B, M, D), (B, M) -> Prediction with weights.
    """

    def __init__(self, width: int, attention: int, groups: int, distill: Distillation) -> None:
        super().__init__()
        self.attend, self.attend_distilled = (GatedAttention(width, attention) for _ in range(2))
        self.classify, self.classify_distilled = (nn.Linear(width, 1) for _ in range(2))
        self.groups, self.distill = groups, distill

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        """Returns the logits of the videos and of their faces, and the weights."""
        return self.second(features, mask, self.first(features, mask))

    def first(self, features: Tensor, mask: Tensor) -> FirstTier:
        """Judges the pseudo-bags and distils them."""
        each = self.classify(features).squeeze(-1).float()  # (B, M)
        member = deal(self._draw(mask) if self.training else each.detach(), mask, self.groups)
        used = member.any(dim=-1)
        score = self.attend(features).squeeze(-1)[:, None].expand(member.shape)
        attention = masked_softmax(score.flatten(0, 1), (member | ~used[..., None]).flatten(0, 1)).view_as(score)
        attention = attention.masked_fill(~member, 0.0)  # (B, G, M)
        logit = (attention * each.masked_fill(~mask, 0.0)[:, None]).sum(dim=-1)
        evidence = attention * (each - self.classify.bias)[:, None]
        return FirstTier(logit, used, *self._distil(attention, evidence, member, used))

    def _draw(self, mask: Tensor) -> Tensor:
        """Draws a number a face, the same ones whatever the padding."""
        drawn = torch.rand(int(mask.sum()), 1, device=mask.device)
        return unpack(drawn, mask).squeeze(-1)

    def _distil(self, attention: Tensor, evidence: Tensor, member: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the weights of faces in each distilled feature, and which features there are."""
        if self.distill == "afs":
            return attention, used
        ranked = {"maxs": [evidence], "maxmins": [evidence, -evidence], "mas": [attention]}[self.distill]
        chosen = [score.masked_fill(~member, -torch.inf).argmax(dim=-1) for score in ranked]  # (B, G) each
        share = one_hot(torch.cat(chosen, dim=1), member.shape[-1]).to(attention.dtype)
        kept = used.repeat(1, len(chosen))
        return share * kept[..., None], kept

    def second(self, features: Tensor, mask: Tensor, first: FirstTier) -> Prediction:
        """Judges the videos by the distilled features."""
        features = features.masked_fill(~mask[..., None], 0.0)
        distilled = first.share @ features  # (B, R, D)
        attention = masked_softmax(self.attend_distilled(distilled).squeeze(-1), first.kept)
        weight = (attention[:, None] @ first.share).squeeze(1)  # (B, M)
        frame_logit = self.classify_distilled(features).squeeze(-1).float().masked_fill(~mask, 0.0)
        return Prediction(sharp(frame_logit, weight), frame_logit, weight)


def pseudo_bag_loss(first: FirstTier, label: Tensor) -> Tensor:
    """Mean over the bags of their pseudo-bags' mean cross-entropy, each with its bag's label.

    Shape: label (B,) -> ().
    """
    each = bce(first.logit, label[:, None].expand_as(first.logit), reduction="none")
    return ((each * first.used).sum(dim=1) / first.used.sum(dim=1)).mean()


class DoubleTierDetector(BagDetector):
    """Detector whose two tiers each learn the video's label."""

    pool: DoubleTierPool

    def __init__(self, backbone: Backbone, encoder: nn.Module, pool: DoubleTierPool, joint: bool) -> None:
        super().__init__(backbone, encoder, pool)
        self.joint = joint

    def learn(self, bag: Bag, label: Tensor, boundary: Tensor | None) -> tuple[Prediction, Tensor]:  # noqa: ARG002
        """Returns the prediction, and the sum of both tiers' cross-entropy."""
        features = self.encode(self.embed(bag), bag.mask)
        first = self.pool.first(features, bag.mask)
        given = (features, first.share) if self.joint else (features.detach(), first.share.detach())
        prediction = self.pool.second(given[0], bag.mask, first._replace(share=given[1]))
        return prediction, pseudo_bag_loss(first, label) + bce(prediction.video_logit, label)


@register("dtfd", source="Zhang et al., CVPR 2022")
def dtfd(
    backbone: Backbone,
    *,
    filters: Size = 512,
    attention: Size = 128,
    groups: Annotated[Size, OfFaces()] = 4,
    distill: Distillation = "afs",
    joint: bool = True,
) -> DoubleTierDetector:
    """Attention-based MIL on pseudo-bags of a video, then on the feature that each hands on.
    logit(p) = sum_j v_j z_j, v_j = sum_g c_g a_gj, with the attentions a in and c over pseudo-bags.
    """
    encoder = KernelEncoder(backbone.num_features, filters)
    return DoubleTierDetector(backbone, encoder, DoubleTierPool(filters, attention, groups, distill), joint)
