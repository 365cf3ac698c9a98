"""CropConfig: which faces are cut out of a frame, and how."""

from dataclasses import dataclass

from ffpms.checks import check_choice, check_type, number, settle, whole
from ffpms.errors import ConfigError

FACES = ("main", "all")
"""Whose faces are cut out: the manipulated one, or everybody's."""
FINDERS = ("dlib", "dlib+mtcnn")
"""Names of the face detectors."""


@dataclass(frozen=True)
class CropConfig:
    """Which faces are cut out of a frame, and how.

    A crop is a square of ``margin`` times the detector's box, shown at ``size`` px. ``faces`` is
    ``main`` for the manipulated face alone, or ``all``. With ``landmarks`` the set also gets the
    landmarks of the real faces.

    Raises:
        ConfigError: a value is out of range or unknown.

    Example:
        >>> CropConfig(size=112).margin
        1.3
    """

    size: int = 299
    margin: float = 1.3
    faces: str = "main"
    finder: str = "dlib"
    landmarks: bool = False

    def __post_init__(self) -> None:
        settle(self, size=whole("size", self.size), margin=number("margin", self.margin))
        if not 16 <= self.size <= 4096:
            raise ConfigError(f"size: {self.size} px is not in 16..4096")
        if not 1.0 <= self.margin <= 4.0:
            raise ConfigError(f"margin: {self.margin} is not in 1..4 times the detector's box")
        check_choice("faces", self.faces, FACES)
        check_choice("finder", self.finder, FINDERS)
        check_type("landmarks", self.landmarks, bool)


def stored_side(box_w: float, size: int, resized: bool = False) -> int:
    """Returns the side in px at which a crop is stored: that of its box, and at most ``size``.

    The crops of a target are all stored as they are shown, if one of its fakes is ``resized``.

    Example:
        >>> stored_side(164.0, 299), stored_side(512.0, 299), stored_side(164.0, 299, resized=True)
        (164, 299, 299)
    """
    return size if resized else min(round(box_w), size)
