"""A detector is ``backbone -> encoder -> pool``."""

from typing import Literal

from torch import Tensor, nn

from detectors.backbones import Backbone
from detectors.bag import Bag, Prediction, pack, unpack

Supervision = Literal["video", "frame"]
"""What the loss is taken on: the bag's logit, or each face's with its video's label."""


class BagDetector(nn.Module):
    """Embeds each face, lets the encoder see their order, and pools them to one logit a video.

    ``encoder`` maps (B, M, D), (B, M) -> (B, M, E) or is None; ``pool`` maps (B, M, E), (B, M) -> Prediction.
    """

    def __init__(
        self, backbone: Backbone, encoder: nn.Module | None, pool: nn.Module, supervision: Supervision = "video"
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.encoder = encoder
        self.pool = pool
        self.supervision: Supervision = supervision

    def embed(self, bag: Bag) -> Tensor:
        """Each face through the backbone.

        Shape: -> (B, M, D), zeros at padding.
        """
        return unpack(self.backbone(pack(bag.faces, bag.mask)), bag.mask)

    def head(self, features: Tensor, mask: Tensor) -> Prediction:
        """The prediction from embeddings.

        Shape: features (B, M, D), mask (B, M).
        """
        encoded = features if self.encoder is None else self.encoder(features, mask)
        prediction: Prediction = self.pool(encoded, mask)
        return prediction

    def forward(self, bag: Bag) -> Prediction:
        return self.head(self.embed(bag), bag.mask)
