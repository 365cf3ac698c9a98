"""TrainConfig: every setting that decides the numbers of a run, besides data and code."""

import math
from dataclasses import dataclass

from ffpms.checks import check_choice, settle, whole
from ffpms.errors import ConfigError
from ffpms.protocol.remixing import MIXES

CACHED = "cached"
"""The choice of ``--tune`` by which heads are trained on embeddings that are computed once."""
TUNES = ("all", "norm", "none", CACHED)
"""The choices of ``--tune``: those of ``detectors.fine_tuning``, which needs torch."""
PRECISIONS = ("auto", "fp32", "bf16")
"""The choices of ``--precision``."""
FRAME_FACES = ("all", "drawn")
"""What frame-based methods see of a video in an epoch.

It is each of its faces, or ``train_frames`` of them as bags do.
"""
SELECTS = ("val-accuracy", "val-auc", "val-loss", "last")
"""What chooses the epoch. Of equals the lower val loss is better, then the earlier epoch."""

PACKAGED = "packaged"
"""Stands for weights that a package holds, where a path or a hash is asked for."""

_CHOICES = {
    "precision": PRECISIONS,
    "tune": TUNES,
    "frame_faces": FRAME_FACES,
    "train_mix": MIXES,
    "select": SELECTS,
}
_LEAST = {
    **dict.fromkeys(("epochs", "batch_size", "train_frames", "frame_batch_size", "lr_halved_every", "ranks"), 1),
    **dict.fromkeys(("micro_batch", "input_size", "seed"), 0),
}
_EXAMPLES = {"manipulations": ("DF", "NT"), "options": ("eq12=scores",)}


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; the defaults are those of Li 2020, Section 4.2.

    These are Adam at 2e-4, halved every 5 epochs, and 30 epochs of batches of 32 videos, 8 faces
    each. ``input_size`` 0 is the backbone's own, or that of the stored crops if it is smaller.
    ``options`` are those of the method, such as ``eq12=scores``. ``micro_batch`` is the number of
    videos of a batch that are computed at a time; 0 means all. Their gradients add up, but
    BatchNorm sees them separately, and ``gend`` has no pairs across them. Of single faces it counts
    ``train_frames`` for a video.

    ``batch_size`` and ``train_frames`` are of bags. Frame-based methods see every face of a video
    each epoch, in batches of ``frame_batch_size`` faces, unless ``frame_faces`` is ``drawn``.
    ``ranks`` is the number of processes that share a batch.

    Raises:
        ConfigError: a value is out of range or unknown.

    Example:
        >>> TrainConfig(method="s-mil", manipulations=("DF",)).train_frames
        8
    """

    method: str
    manipulations: tuple[str, ...] = ()
    backbone: str = "legacy_xception"
    pretrained: bool = True
    weights_sha256: str = ""
    input_size: int = 0
    tune: str = "all"
    options: tuple[str, ...] = ()
    epochs: int = 30
    batch_size: int = 32
    micro_batch: int = 0
    train_frames: int = 8
    frame_faces: str = "all"
    frame_batch_size: int = 32
    train_mix: str = "recipe"
    select: str = "val-accuracy"
    lr: float = 2e-4
    lr_halved_every: int = 5
    precision: str = "auto"
    ranks: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low in _LEAST.items():
            settle(self, **{name: whole(_flag(name), getattr(self, name), low)})
        for name, known in _CHOICES.items():
            check_choice(_flag(name), getattr(self, name), known)
        if not isinstance(self.lr, int | float) or not 0 < self.lr < math.inf:
            raise ConfigError(f"lr: {self.lr} is not a number above 0")
        for name in ("manipulations", "options"):
            texts = getattr(self, name)
            if not isinstance(texts, tuple) or not all(isinstance(text, str) for text in texts):
                raise ConfigError(f"{name}: {texts!r} is no tuple of texts such as {_EXAMPLES[name]}")
        if wrong := [option for option in self.options if "=" not in option]:
            raise ConfigError(f"options: {wrong[0]!r} is not of the form OPTION=VALUE, such as eq12=scores")
        if self.input_size and not 16 <= self.input_size <= 4096:
            raise ConfigError(f"input-size: {self.input_size} px is not in 16..4096")

    @property
    def option_values(self) -> dict[str, str]:
        """The values of ``options`` by their names: ``{"eq12": "scores"}``."""
        return dict(option.split("=", 1) for option in self.options)


def _flag(name: str) -> str:
    return name.replace("_", "-")
