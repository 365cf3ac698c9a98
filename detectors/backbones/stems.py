"""Stems: a network between the pixels of a face and what a method is given of it."""

from typing import Any

import torch
from torch import Tensor, nn

from detectors.autocast import with_autocast
from detectors.errors import BackboneError, DetectorError, describe_error


class Stem(nn.Module):
    """A pretrained network that normalises its own input.

    ``input_size`` is the side in px that it was made for, None if none is known. ``fixed`` means
    that it takes no other size. In a detector it alone takes part in autocast, and gives float32.
    ``note`` says in a line what of its weights were not there, or were trained otherwise.
    """

    note = ""
    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Any, std: Any, input_size: int | None, fixed: bool = False) -> None:
        super().__init__()
        self.network = network
        self.input_size = input_size
        self.fixed = fixed
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return with_autocast(super().__call__, *args, **kwargs)

    def scale(self, faces: Tensor) -> Tensor:
        """Scales pixels to 0..1 and normalises them.

        Shape: (P, 3, S, S), uint8 in 0..255 or float in 0..1 -> the same, float.
        """
        scaled = faces / 255 if faces.dtype == torch.uint8 else faces
        return (scaled - self.mean) / self.std

    def check(self, side: int) -> None:
        """Checks that the network takes faces of ``side`` px. A stem that takes any side need not.

        Raises:
            BackboneError: it does not; names a side that it takes, if one is found.
        """


class MeasuredStem(Stem):
    """A stem that is tried with a black face, at its first side and at each that is checked.

    ``widths`` are the channels of its outputs, the same at every side. They are measured, because
    some timm models give another size than they claim. ``shown`` is the side that was asked for.

    Raises:
        BackboneError: it gives no output of its kind.
    """

    def __init__(
        self,
        network: nn.Module,
        mean: Any,
        std: Any,
        input_size: int | None = None,
        fixed: bool = False,
        *,
        name: str = "backbone",
        shown: int | None = None,
        note: str = "",
    ) -> None:
        super().__init__(network, mean, std, input_size, fixed)
        self.name, self.note, self.shown = name, note, shown
        self.widths: list[int] = []
        self._checked: set[int] = set()
        self.check((input_size if fixed else shown) or input_size or 96)

    def check(self, side: int) -> None:
        """Runs a black face of ``side`` px through the network, once for each side."""
        if side in self._checked:
            return
        try:
            widths = self._try(side)
        except Exception as error:
            reason = str(error) if isinstance(error, DetectorError) else f"fails at {side} px ({explain(error)})"
            raise BackboneError(f"{self.name}: {reason}; {self._advise(side)}") from error
        if self.widths not in ([], widths):
            raise BackboneError(
                f"{self.name}: gives {widths} channels at {side} px, and {self.widths} before; {self._advise(side)}"
            )
        self.widths = widths
        self._checked.add(side)

    def _measure(self, made: Any) -> list[int]:
        """Returns the channels of what one face gave.

        Raises:
            DetectorError: it is no output of this kind of stem.
        """
        raise NotImplementedError

    def _try(self, side: int) -> list[int]:
        training = self.training
        try:
            with torch.no_grad():
                return self._measure(self.eval()(torch.zeros(1, 3, side, side, device=self.mean.device)))
        finally:
            self.train(training)

    def _advise(self, side: int) -> str:
        """Says what to do; a side that is named was tried."""
        if self.fixed:
            return f"{'leave --input-size away, or ' if self.shown else ''}choose another backbone"
        sides = {*range(max(32, side // 64 * 32), 2 * side + 32, 32), self.input_size or side} - {side}
        nearest = next((s for s in sorted(sides, key=lambda s: (abs(s - side), -s)) if self._works(s)), None)
        return f"give --input-size {nearest}" if nearest else "choose another backbone"

    def _works(self, side: int) -> bool:
        try:
            return self.widths in ([], self._try(side))
        except Exception:
            return False


class Backbone(MeasuredStem):
    """A feature extractor.

    Shape: faces (P, 3, S, S) -> (P, num_features).

    Raises:
        BackboneError: it does not give one vector a face.
    """

    @property
    def num_features(self) -> int:
        """The length of an embedding."""
        return self.widths[0]

    def forward(self, faces: Tensor) -> Tensor:
        """Returns one embedding per face."""
        embedding: Tensor = self.network(_channels_last(self.scale(faces)))
        return embedding

    def _measure(self, made: Any) -> list[int]:
        if not isinstance(made, Tensor) or made.ndim != 2:
            raise DetectorError(f"gives no vector of a face but {_describe(made)}")
        return [made.shape[1]]


class Embedded(Stem):
    """Takes the place of a frozen backbone where embeddings are given instead of faces.

    ``sha256`` names the weights of that backbone.

    Shape: embeddings (P, num_features) -> the same, float32.
    """

    def __init__(self, num_features: int, sha256: str) -> None:
        super().__init__(nn.Identity(), (0.0,) * 3, (1.0,) * 3, None)
        self.num_features, self.sha256 = num_features, sha256

    def forward(self, embeddings: Tensor) -> Tensor:
        """Returns them as they are."""
        return embeddings


class Pyramid(MeasuredStem):
    """A network's feature maps, from fine to coarse, with ``channels`` of each.

    ``layout`` says how the network lays its maps out: ``NCHW``, or ``NHWC``, which is turned round.
    ``declared`` are the channels that its maps are known to have.

    Shape: faces (P, 3, S, S) -> [(P, C_i, S_i, S_i), ...].

    Raises:
        BackboneError: it gives no square maps, or other channels than declared.
    """

    def __init__(
        self, network: nn.Module, *settings: Any, layout: str = "NCHW", declared: list[int] | None = None, **named: Any
    ) -> None:
        self.layout, self.declared = layout, declared  # what comes next measures
        super().__init__(network, *settings, **named)

    @property
    def channels(self) -> list[int]:
        """The channels of each map."""
        return self.widths

    def forward(self, faces: Tensor) -> list[Tensor]:
        """Returns the feature maps at every scale."""
        maps: list[Tensor] = self.network(_channels_last(self.scale(faces)))
        return [level.permute(0, 3, 1, 2) for level in maps] if self.layout == "NHWC" else maps

    def _measure(self, made: Any) -> list[int]:
        if self.layout not in ("NCHW", "NHWC"):
            raise DetectorError(f"gives no feature maps, for it lays them out as {self.layout}")
        if any(level.ndim != 4 or level.shape[2] != level.shape[3] for level in made):
            raise DetectorError(f"gives no square feature maps but {', '.join(map(_describe, made))}")
        channels = [level.shape[1] for level in made]
        if self.declared not in (None, channels):
            raise DetectorError(f"gives feature maps of {channels} channels where timm declares {self.declared}")
        return channels


def explain(error: Exception) -> str:
    """Describes an error of a network by its class and first line, or by its place if it says
    nothing.

    Example:
        >>> explain(ValueError("too small\\nand more"))
        'ValueError: too small'
    """
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else describe_error(error, ("timm",), "torch")


def _describe(made: Any) -> str:
    return "x".join(map(str, made.shape[1:])) if isinstance(made, Tensor) else f"a {type(made).__name__}"


def _channels_last(faces: Tensor) -> Tensor:
    """Lays faces out as 2-D convolutions are fastest."""
    return faces.contiguous(memory_format=torch.channels_last)
