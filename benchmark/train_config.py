"""TrainConfig: every setting that decides the numbers of a run, besides data and code."""

import math
from dataclasses import dataclass

from ffpms.errors import ConfigError

TUNES = ("all", "norm", "none")
"""The choices of ``--tune``: those of ``detectors.fine_tuning``, which needs torch."""
PRECISIONS = ("auto", "fp32", "bf16")
"""The choices of ``--precision``."""

_EXAMPLES = {"manipulations": ("DF", "NT"), "options": ("eq12=scores",)}


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; the defaults are those of Li 2020, Section 4.2.

    These are Adam at 2e-4, halved every 5 epochs, and 30 epochs of batches of 32 videos, 8 faces
    each. ``input_size`` 0 is the backbone's own, or that of the stored crops if it is smaller.
    ``options`` are those of the method, such as ``eq12=scores``. ``micro_batch`` is the number of
    videos of a batch that are computed at a time; 0 means all. Their gradients add up, but
    BatchNorm sees them separately.

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
    lr: float = 2e-4
    lr_halved_every: int = 5
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "train_frames", "lr_halved_every"):
            self._check_whole(name, at_least=1)
        for name in ("micro_batch", "input_size", "seed"):
            self._check_whole(name, at_least=0)
        if not isinstance(self.lr, int | float) or not 0 < self.lr < math.inf:
            raise ConfigError(f"lr: {self.lr} is not a number above 0")
        for name in ("manipulations", "options"):
            texts = getattr(self, name)
            if not isinstance(texts, tuple) or not all(isinstance(text, str) for text in texts):
                raise ConfigError(f"{name}: {texts!r} is no tuple of texts such as {_EXAMPLES[name]}")
        if wrong := [option for option in self.options if "=" not in option]:
            raise ConfigError(f"options: {wrong[0]!r} is not of the form OPTION=VALUE, such as eq12=scores")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"precision: {self.precision!r} is unknown; choose {', '.join(PRECISIONS)}")
        if self.tune not in TUNES:
            raise ConfigError(f"tune: {self.tune!r} is unknown; choose {', '.join(TUNES)}")
        if self.input_size and not 16 <= self.input_size <= 4096:
            raise ConfigError(f"input-size: {self.input_size} px is not in 16..4096")

    def _check_whole(self, name: str, at_least: int) -> None:
        """Raises ConfigError unless a setting is a whole number of at least ``at_least``."""
        value = getattr(self, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
            wanted = "above 0" if at_least else "of 0 or more"
            raise ConfigError(f"{name.replace('_', '-')}: {value!r} is not a whole number {wanted}")
