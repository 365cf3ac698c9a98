"""Landmarks: finds the 68 points of a face in the order of 300-W (Sagonas 2013).

These are jaw, brows, nose, eyes and mouth.
"""

from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import dlib
import numpy as np
from PIL import Image

from ffpms.errors import not_installed
from ffpms.extraction.boxes import Box

PACKAGE = "face-recognition-models"
_WEIGHTS = Path("models", "shape_predictor_68_face_landmarks.dat")
_SIDE = 512
"""Least side in px of a crop on which dlib, which answers in whole pixels, finds the points."""


class PointFinder(Protocol):
    """Finds the points of a face whose box is known."""

    def points(self, crop: Image.Image, face: Box) -> np.ndarray:
        """Returns the points in px of the crop, from its upper left corner, as boxes are.

        The centre of the first pixel is (0.5, 0.5).

        Shape: -> (68, 2) float64, x and y.
        """


class DlibPoints:
    """dlib's ensemble of regression trees (Kazemi and Sullivan 2014).

    The weights are those of face-recognition-models. They were trained on 300-W, whose licence
    excludes commercial use.

    Raises:
        ConfigError: that package is not installed.
    """

    def __init__(self) -> None:
        self._predict = dlib.shape_predictor(str(find_weights()))

    def points(self, crop: Image.Image, face: Box) -> np.ndarray:
        """Returns the points in px of the crop, from its upper left corner.

        Shape: -> (68, 2) float64, x and y.
        """
        zoom = ceil(_SIDE / max(crop.size))
        luma = crop.convert("L").resize((crop.width * zoom, crop.height * zoom), Image.Resampling.BILINEAR)
        shape = self._predict(np.asarray(luma), _rectangle(face.scaled(zoom)))
        return (np.array([(point.x, point.y) for point in shape.parts()]) + 0.5) / zoom


def _rectangle(box: Box) -> dlib.rectangle:
    """Converts a box to dlib's rectangle, which includes its last row and column."""
    left, top = round(box.x), round(box.y)
    return dlib.rectangle(left, top, left + round(box.w) - 1, top + round(box.h) - 1)


def find_weights() -> Path:
    """Finds the file of the predictor's weights.

    Their package is not imported, because it needs a module that new setuptools no longer have.

    Raises:
        ConfigError: the package is not installed.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    path = Path(spec.origin).parent / _WEIGHTS if spec and spec.origin else None
    if path is None or not path.is_file():
        raise not_installed(PACKAGE, "landmarks")
    return path


def as_row(name: str, index: int, track_id: int, points: np.ndarray) -> dict[str, Any]:
    """Makes a LANDMARK row; points are rounded to 0.01 px, far below the precision of dlib."""
    place = {"source_video": name, "frame_index": index, "track_id": track_id}
    return place | {"points": [round(float(value), 2) for value in points.ravel()]}
