"""CropConfig: which faces are cut out of a frame, and how."""

from dataclasses import dataclass

from ffpms.errors import ConfigError

FACES = ("main", "all")
FINDERS = ("dlib", "dlib+mtcnn")


@dataclass(frozen=True)
class CropConfig:
    """Which faces are cut out and how: a square of ``margin`` times the detector's box, stored at ``size`` px; the
    manipulated face alone (``main``) or everybody's (``all``); with the ``landmarks`` of the real ones or without.

    Example:
        >>> ffpms.CropConfig(size=112).margin
        1.3
    """

    size: int = 299
    margin: float = 1.3
    faces: str = "main"
    finder: str = "dlib"
    landmarks: bool = False

    def __post_init__(self) -> None:
        if not 16 <= self.size <= 4096:
            raise ConfigError(f"size: {self.size} px is not in 16..4096")
        if not 1.0 <= self.margin <= 4.0:
            raise ConfigError(f"margin: {self.margin} is not in 1..4 times the detector's box")
        if self.faces not in FACES:
            raise ConfigError(f"faces: {self.faces!r} is unknown; choose {' or '.join(FACES)}")
        if self.finder not in FINDERS:
            raise ConfigError(f"finder: {self.finder!r} is unknown; choose {' or '.join(FINDERS)}")
