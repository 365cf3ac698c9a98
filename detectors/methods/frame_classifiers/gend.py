"""GenD: tunes the layer norms of a foundation model (Yermakov et al., WACV 2026).

"Deepfake Detection that Generalizes Across Benchmarks" trains 0.03 % of CLIP's weights: those of
its layer norms. Features are scaled to length 1 and classified by one linear layer. Beside the
cross-entropy it has the losses of alignment and uniformity of Wang & Isola, ICML 2020. Two faces
of the same label are to be near each other, and all faces spread over the sphere.

The weights of both losses, 0.1 and 0.5, are those of the authors' public experiments. Those also
train without them: ``alignment=0`` and ``uniformity=0``. Otherwise here: one logit in place of a
softmax over two, which classifies alike, and this benchmark's optimizer, batches and augmentation.
Where a batch is computed in parts or by several ranks, pairs are those of a part.
"""

from torch import Tensor, nn
from torch.nn.functional import normalize

from detectors.backbones import Backbone
from detectors.bag import Bag, Prediction, pack
from detectors.detector import BagDetector
from detectors.limits import LossWeight
from detectors.losses import alignment_loss, uniformity_loss, video_loss
from detectors.pooling import FrameHead, mean_probability
from detectors.registry import register


class UnitLength(nn.Module):
    """Scales each feature vector to length 1: u = x / |x|.

    Shape: (B, M, D), (B, M) -> (B, M, D).
    """

    kernel = 1

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002
        """Returns one unit vector per face; zeros stay zeros."""
        return normalize(features, dim=-1)


class SphereDetector(BagDetector):
    """A linear classifier of unit vectors, z_j = w u_j + b, which also learns where they lie."""

    def __init__(self, backbone: Backbone, alignment: float, uniformity: float) -> None:
        pool = FrameHead(backbone.num_features, mean_probability)
        super().__init__(backbone, UnitLength(), pool, supervision="frame")
        self.alignment, self.uniformity = alignment, uniformity

    def learn(self, bag: Bag, label: Tensor, boundary: Tensor | None) -> tuple[Prediction, Tensor]:  # noqa: ARG002
        """Returns the prediction and L = L_ce + a L_align + u L_unif.

        The last two are of all faces of the batch, each with its video's label.
        """
        features = self.embed(bag)
        prediction = self.head(features, bag.mask)
        unit, own = pack(features, bag.mask), pack(label[:, None].expand_as(bag.mask), bag.mask)
        placed = self.alignment * alignment_loss(unit, own) + self.uniformity * uniformity_loss(unit)
        return prediction, video_loss(prediction, label, bag.mask, self.supervision) + placed


@register(
    "gend",
    source="Yermakov et al., WACV 2026; Wang & Isola, ICML 2020",
    unit="frame",
    backbone="vit_large_patch14_clip_quickgelu_224.openai",
    tune="norm",
)
def gend(backbone: Backbone, *, alignment: LossWeight = 0.1, uniformity: LossWeight = 0.5) -> BagDetector:
    """A linear classifier of unit vectors u_j = x_j / |x_j|: z_j = w u_j + b, p = mean_j p_j. Its
    loss also has alignment and uniformity of the u_j.
    """
    return SphereDetector(backbone, alignment, uniformity)
