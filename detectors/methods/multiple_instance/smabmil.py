"""Smooth attention: ABMIL on faces that are smoothed along time (Castro-Macias et al., NeurIPS
2024), on S-MIL's spatial instances.

A bag is a chain here: each face is joined to the face before and the face after it. Two things
differ from the authors' code. Its edges weigh exp(-|x_i - x_j| / D), of embeddings with D
features; ours weigh 1. And its spectral norm is a step of power iteration; ours is exact.
"""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from detectors.backbones import Backbone
from detectors.bag import Prediction
from detectors.detector import BagDetector
from detectors.limits import Idle, Limit, Size
from detectors.pooling import masked_softmax, sharp
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder

Where = Literal["early", "mid", "late"]
"""What is smoothed: the faces, the attention's hidden layer, or its scores."""


def chain(mask: Tensor) -> Tensor:
    """Matrix I - L of a bag's chain of faces, L = I - D^(-1/2) A D^(-1/2) its Laplacian.

    A_ij is 1 for successive faces, else 0, and D_ii = sum_j A_ij. A gap is no part of the chain:
    the faces at both sides of it are neighbours. What has no neighbour stays as it is: a video's
    only face, and each place of padding.

    Shape: (B, M) bool -> (B, M, M).

    Example:
        >>> chain(torch.tensor([[True, False, True, False]]))[0].tolist()
        [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """
    place = mask.cumsum(dim=1)
    joined = (place[:, :, None] - place[:, None]).abs() == 1
    joined &= mask[:, :, None] & mask[:, None]
    degree = joined.sum(dim=-1)  # (B, M)
    scale = degree.clamp(min=1).float().rsqrt()
    return scale[:, :, None] * joined * scale[:, None] + torch.diag_embed(degree == 0)


class Smooth(nn.Module):
    """The operator Sm of a bag: G(t) = a (I - L) G(t - 1) + (1 - a) U, from G(0) = U.

    It is linear in U, and computed as a matrix. With more steps it tends to the exact Sm(U) =
    (I + c L)^(-1) U, c = a / (1 - a). That G has the least c G^T L G + |G - U|^2: neighbours differ
    little, and faces change little. A learned a stays between 0 and 1.

    Shape: mask (B, M) bool -> (B, M, M).

    Example:
        >>> Smooth(alpha=0.5, steps=1, exact=False, learned=False)(torch.tensor([[True, True]]))
        tensor([[[0.5000, 0.5000],
                 [0.5000, 0.5000]]])
    """

    raw: Tensor

    def __init__(self, alpha: float, steps: int, exact: bool, learned: bool) -> None:
        super().__init__()
        self.steps, self.exact = steps, exact
        raw = torch.tensor(alpha).logit()
        if learned:
            self.raw = nn.Parameter(raw)
        else:
            self.register_buffer("raw", raw)

    def forward(self, mask: Tensor) -> Tensor:
        """Returns the matrix that smooths the values of a bag's faces."""
        alpha, step = self.raw.sigmoid(), chain(mask)
        same = torch.eye(mask.shape[1], device=mask.device).expand_as(step)
        if self.exact:
            solved: Tensor = torch.linalg.solve(same - alpha * step, (1 - alpha) * same)
            return solved
        made = same
        for _ in range(self.steps):
            made = alpha * (step @ made) + (1 - alpha) * same
        return made


def bounded(layer: nn.Linear, values: Tensor) -> Tensor:
    """Applies a linear layer with its weight over its largest singular value, W / |W|_2.

    Shape: (..., D) -> (..., E).

    Example:
        >>> layer = nn.Linear(2, 1, bias=False)
        >>> _ = nn.init.constant_(layer.weight, 7.0)
        >>> bounded(layer, torch.tensor([3.0, 3.0])).round(decimals=4)
        tensor([4.2426], grad_fn=<RoundBackward1>)
    """
    return linear(values, layer.weight / torch.linalg.matrix_norm(layer.weight, ord=2), layer.bias)


class SmoothAttentionPool(nn.Module):
    """Attention pooling with Sm early, mid or late in the attention (Castro-Macias 2024).

    The scores of the faces H are f = u tanh(V Sm(H)) for ``early``, u tanh(Sm(V H)) for ``mid``,
    and Sm(u tanh(V H)) for ``late``; a = softmax(f). The video's logit is sum_j a_j z_j with z_j =
    W g_j + b. For ``early`` the bag's embedding is made of smoothed faces: g_j is one, and a face's
    logit depends on its neighbours. Else g_j is the face itself. A video's only face gives its own.

    ``spectral_norm`` divides those weights of the attention that follow Sm, V and u or u alone, by
    their largest singular value. So they do not make differences larger that Sm made small.

    Shape: (B, M, D), (B, M) -> Prediction with weights.
    """

    def __init__(self, width: int, attention: int, smooth: Smooth, where: Where, spectral_norm: bool) -> None:
        super().__init__()
        self.smooth, self.where = smooth, where
        self.normed = {"early": 2, "mid": 1, "late": 0}[where] if spectral_norm else 0
        self.value = nn.Linear(width, attention)
        self.score = nn.Linear(attention, 1, bias=False)
        self.classify = nn.Linear(width, 1)

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        """Returns the logits of the videos and of their faces, and the weights."""
        faces, smooth = features.masked_fill(~mask[..., None], 0.0), self.smooth(mask)
        if self.where == "early":
            faces = smooth @ faces
        weight = masked_softmax(self.attend(faces, smooth), mask)
        frame_logit = self.classify(faces).squeeze(-1).float().masked_fill(~mask, 0.0)
        return Prediction(sharp(frame_logit, weight), frame_logit, weight)

    def attend(self, faces: Tensor, smooth: Tensor) -> Tensor:
        """Returns the score of each face before the softmax.

        Shape: (B, M, D), (B, M, M) -> (B, M).
        """
        hidden = bounded(self.value, faces) if self.normed == 2 else self.value(faces)
        hidden = torch.tanh(smooth @ hidden if self.where == "mid" else hidden)
        score = bounded(self.score, hidden) if self.normed else self.score(hidden)
        return (smooth @ score if self.where == "late" else score).squeeze(-1)


@register("sm-abmil", source="Castro-Macias et al., NeurIPS 2024", ordered=True)
def sm_abmil(
    backbone: Backbone,
    *,
    filters: Size = 512,
    attention: Size = 128,
    where: Where = "early",
    steps: Annotated[Size, Idle("exact", bool)] = 10,
    alpha: Annotated[float, Limit("a number between 0 and 1", lambda alpha: 0 < alpha < 1)] = 0.5,
    learn_alpha: bool = True,
    exact: bool = False,
    spectral_norm: Annotated[bool, Idle("where", lambda where: where == "late")] = True,
) -> BagDetector:
    """Attention-based MIL on faces smoothed along time: logit(p) = W sum_j a_j g_j + b, g = Sm(h).
    Sm repeats g = alpha N g + (1 - alpha) h, with N g the scaled sum of both neighbours in time.

    The defaults are those of the authors' code and of its experiments: Sm early, T = 10 steps, an
    alpha that is learned from 0.5 on, and spectral norms.
    """
    smooth = Smooth(alpha, steps, exact, learn_alpha)
    pool = SmoothAttentionPool(filters, attention, smooth, where, spectral_norm)
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), pool)
