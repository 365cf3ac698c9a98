"""Base classes of detectors: any, ``backbone -> encoder -> pool``, and of single faces."""

from abc import abstractmethod
from inspect import isfunction
from typing import Any, Self

from torch import Tensor, nn

from detectors.autocast import without_autocast
from detectors.backbones import Backbone, Stem
from detectors.bag import Bag, Prediction, pack, unpack
from detectors.errors import DetectorError
from detectors.losses import Supervision, video_loss
from detectors.pooling import mean_probability

_STEPS = ("forward", "learn", "embed", "encode", "head", "judge")
"""Methods of a detector that are called from outside."""


def check_prediction(made: object, mask: Tensor) -> Prediction:
    """Checks that a detector gave a prediction that fits the bag's mask, and returns it.

    Raises:
        DetectorError: it is something else, or a part has another shape.
    """
    if not isinstance(made, Prediction):
        raise DetectorError(f"the detector gave a {type(made).__name__}, not a Prediction")
    for part, wanted in zip(Prediction._fields, (mask.shape[:1], mask.shape, mask.shape), strict=True):
        value = getattr(made, part)
        if value is None and part == "weight":
            continue
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        if got != tuple(wanted):
            axes = "(B,)" if part == "video_logit" else "(B, M)"
            raise DetectorError(f"the detector's {part} is {got}, where the bag wants {axes} = {tuple(wanted)}")
    return made


class Detector(nn.Module):
    """Base of all detectors: bag in, Prediction out.

    ``backbone`` holds what was trained elsewhere. :func:`detectors.fine_tuning.tune` decides how
    much of it is trained further. It alone takes part in autocast: whatever a subclass does with
    its features is computed in float32.
    """

    backbone: Stem
    supervision: Supervision = "video"
    frozen = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _STEPS:
            if isfunction(step := getattr(cls, name, None)):
                setattr(cls, name, without_autocast(step))

    @abstractmethod
    def forward(self, bag: Bag) -> Prediction:
        """Predicts the logits of a batch of bags."""

    def __call__(self, *args: Any) -> Prediction:
        return check_prediction(super().__call__(*args), args[0].mask)

    def learn(self, bag: Bag, label: Tensor, boundary: Tensor | None) -> tuple[Prediction, Tensor]:  # noqa: ARG002
        """Returns the prediction and the loss to descend.

        Shape: label (B,) float; boundary (B, M, S, S) in 0..1, where the detector learns from
            blended faces.
        """
        prediction = self(bag)
        return prediction, video_loss(prediction, label, bag.mask, self.supervision)

    def train(self, mode: bool = True) -> Self:
        """Sets training or eval mode; a frozen backbone keeps its BatchNorm statistics too."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self


class Embedder(Detector):
    """A detector that first embeds each face by itself.

    So a face that is seen in many mixes is embedded once.
    """

    @abstractmethod
    def embed(self, bag: Bag) -> Tensor:
        """Embeds each face by itself.

        Shape: -> (B, M, D).
        """

    @abstractmethod
    def head(self, features: Tensor, mask: Tensor) -> Prediction:
        """Predicts from embeddings.

        Shape: features (B, M, D), mask (B, M).
        """

    def forward(self, bag: Bag) -> Prediction:
        """Embeds the faces, then predicts."""
        return self.head(self.embed(bag), bag.mask)


class BagDetector(Embedder):
    """Embeds each face, lets the encoder see their order, and pools them to one logit a video.

    ``encoder`` maps (B, M, D), (B, M) -> (B, M, E) or is None. ``pool`` maps (B, M, E), (B, M) ->
    Prediction.
    """

    backbone: Backbone

    def __init__(
        self, backbone: Backbone, encoder: nn.Module | None, pool: nn.Module, supervision: Supervision = "video"
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.encoder = encoder
        self.pool = pool
        self.supervision = supervision

    @property
    def _each_alone(self) -> bool:
        """Whether the encoder, too, looks at each face by itself."""
        return getattr(self.encoder, "kernel", 0) == 1

    def embed(self, bag: Bag) -> Tensor:
        """Embeds each face; an encoder that sees no order is part of it."""
        features = unpack(self.backbone(pack(bag.faces, bag.mask)), bag.mask)
        return self.encoder(features, bag.mask) if self.encoder and self._each_alone else features

    def encode(self, features: Tensor, mask: Tensor) -> Tensor:
        """Returns the instances that the pool is given.

        Shape: what :meth:`embed` gives, (B, M) -> (B, M, E).
        """
        return self.encoder(features, mask) if self.encoder and not self._each_alone else features

    def head(self, features: Tensor, mask: Tensor) -> Prediction:
        """Encodes the embeddings and pools them."""
        prediction: Prediction = self.pool(self.encode(features, mask), mask)
        return prediction


class FrameDetector(Embedder):
    """Judges each face by itself; the video's probability is their mean: p = mean_j p_j."""

    supervision = "frame"

    @abstractmethod
    def judge(self, faces: Tensor) -> Tensor:
        """Judges faces.

        Shape: (P, 3, S, S) -> (P,) logits.
        """

    def embed(self, bag: Bag) -> Tensor:
        """Returns each face's logit as its embedding."""
        return unpack(self.judge(pack(bag.faces, bag.mask))[:, None].float(), bag.mask)

    def head(self, features: Tensor, mask: Tensor) -> Prediction:
        """Averages the faces' probabilities to the video's."""
        frame_logit = features.squeeze(-1)  # (B, M)
        return Prediction(mean_probability(frame_logit, mask), frame_logit, None)
