"""TransMIL: correlated MIL by a transformer (Shao et al., NeurIPS 2021).

It works on S-MIL's spatial instances. Two things differ from the authors' code, which is made for
bags of thousands. Self-attention is exact, since a bag here has some 20 faces. Theirs is Nystrom's
approximation, with a convolution over the values that helps it. And there is no dropout.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from detectors.backbones import Backbone
from detectors.bag import Prediction, pack, unpack
from detectors.detector import BagDetector
from detectors.errors import DetectorError
from detectors.limits import Size
from detectors.registry import register
from detectors.temporal_encoders import KernelEncoder


class Attention(nn.Module):
    """Self-attention with residual: x + Merge(softmax(q k / sqrt(d)) v) of the normalised x.

    It has several heads.

    Shape: (R, T, D) -> (R, T, D), and the attention of each token to each, (R, heads, T, T).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.merge = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the new tokens and the attention."""
        rows, count, width = tokens.shape
        projected = self.project(self.norm(tokens)).view(rows, count, 3, self.heads, width // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # (R, heads, T, d) each
        attention = (query @ key.mT / query.shape[-1] ** 0.5).softmax(dim=-1)
        return tokens + self.merge((attention @ value).transpose(1, 2).flatten(2)), attention


class GridPosition(nn.Module):
    """Pyramid position encoding (PPEG) of faces laid out row by row in a square.

    x + the sum of 7x7, 5x5 and 3x3 depthwise convolutions over it. The class token stays as it is.

    Shape: (R, 1 + side^2, D) -> the same.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(nn.Conv2d(width, width, k, padding=k // 2, groups=width) for k in (7, 5, 3))

    def forward(self, tokens: Tensor) -> Tensor:
        """Adds the position encoding to the tokens of the faces."""
        side = math.isqrt(tokens.shape[1] - 1)
        grid = tokens[:, 1:].transpose(1, 2).reshape(len(tokens), -1, side, side)  # (R, D, side, side)
        placed = grid + sum(scale(grid) for scale in self.scales)
        return torch.cat([tokens[:, :1], placed.flatten(2).transpose(1, 2)], dim=1)


class TransPool(nn.Module):
    """A class token attends to the faces in two layers, with positions in between (Shao 2021,
    Algorithm 2).

    A square is filled up by repeating the bag's first faces. Bags of one length run together
    without padding, so only its own faces count for a bag. A face's logit is that of a bag of this
    face alone. Its weight is the attention of the class token to it, and to its repetition, in the
    second layer. Weights are the mean of the heads, scaled to a sum of 1. The video's logit is not
    the weighted sum of these logits.

    Shape: (B, M, D), (B, M) -> Prediction with weights.
    """

    def __init__(self, width: int, heads: int = 8) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.first, self.second = Attention(width, heads), Attention(width, heads)
        self.position = GridPosition(width)
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, 1)

    def judge(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the logit and the weights of bags of one length.

        Shape: (R, N, D) -> (R,), (R, N).
        """
        count = faces.shape[1]
        side = math.isqrt(count - 1) + 1
        square = torch.cat([faces, faces[:, : side * side - count]], dim=1)  # (R, side^2, D)
        tokens, _ = self.first(torch.cat([self.token.expand(len(faces), -1, -1), square], dim=1))
        tokens, attention = self.second(self.position(tokens))
        logit = self.classify(self.norm(tokens[:, 0])).squeeze(-1).float()
        seen = attention[:, :, 0, 1:].float().mean(dim=1)  # (R, side^2)
        weight = seen[:, :count] + pad(seen[:, count:], (0, 2 * count - side * side))
        return logit, weight / weight.sum(dim=1, keepdim=True)

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        """Returns the prediction of bags of any lengths."""
        lengths = mask.sum(dim=1)
        video_logit = features.new_zeros(len(mask), dtype=torch.float32)
        weight = features.new_zeros(mask.shape, dtype=torch.float32)
        for length in set(lengths.tolist()):
            rows = lengths == length
            logit, part = self.judge(pack(features[rows], mask[rows]).view(-1, length, features.shape[-1]))
            video_logit[rows], weight[rows] = logit, unpack(part.flatten()[:, None], mask[rows]).squeeze(-1)
        alone, _ = self.judge(pack(features, mask)[:, None])  # (P,)
        return Prediction(video_logit, unpack(alone[:, None], mask).squeeze(-1), weight)


@register("transmil", source="Shao et al., NeurIPS 2021", ordered=True)
def transmil(backbone: Backbone, *, filters: Size = 512, heads: Size = 8) -> BagDetector:
    """A transformer over all faces and their places in time: logit(p) = W t + b. t is the class
    token after 2 layers x + softmax(q k) v.

    Raises:
        DetectorError: the filters cannot be shared out among the heads.
    """
    if filters % heads:
        raise DetectorError(f"transmil: {filters} filters cannot be shared out among {heads} heads")
    return BagDetector(backbone, KernelEncoder(backbone.num_features, filters), TransPool(filters, heads))
