"""The picture of bags: every face in its place and order, marked by what it is, and the real video's below a fake's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import ffpms
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ManifestError
from ffpms.gallery.bags import Mark, ShownBag, ShownFace, show_bags
from ffpms.gallery.sheet import BORDER, FAKE, GAP, LABEL, LINE, MARGIN, REPLACED, Grid, draw_crops, draw_sheet
from tests.helpers.tiny_set import BAG, STORED

TOP = 2 * MARGIN + 2 * LINE


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def share(edge: np.ndarray, colour: str) -> float:
    """How much of a line of pixels has a colour."""
    return float((np.abs(edge.astype(int) - rgb(colour)).max(axis=-1) < 8).mean())


def mark_of(sheet: np.ndarray, grid: Grid, column: int, top: int) -> Mark:
    """What the frame of a face says, whatever its colour: solid, dashed or thin."""
    left = MARGIN + LABEL + column * grid.cell
    edge = sheet[top + 1, left : left + grid.outer]
    coloured = max(share(edge, FAKE), share(edge, REPLACED))
    if coloured == 0:
        return Mark.REAL
    return Mark.FAKE if coloured == 1 else Mark.REPLACED


def draw(bags: list[ShownBag]) -> np.ndarray:
    """Draws bags whose crops have the colour of their hash."""
    return np.asarray(draw_sheet(bags, lambda _, sha: np.full((96, 96, 3), int(sha), np.uint8), 96))


def face(slot: int, mark: Mark, **more: str) -> ShownFace:
    return replace(ShownFace(slot, 3 * slot, 0, mark, "ok", f"{slot}.png", str(40 + slot)), **more)


def bag(*people: tuple[ShownFace, ...], kind: str = "DF") -> ShownBag:
    return ShownBag(f"{kind}_1_2", "test", kind, "1", len(people[0]), 1, "ok", "", tuple(enumerate(people)))


def test_the_faces_stand_in_order_each_with_its_mark() -> None:
    marks = [Mark.FAKE, Mark.REPLACED, Mark.REPLACED, Mark.FAKE, Mark.REAL]
    own = bag(tuple(face(i, mark) for i, mark in enumerate(marks)))
    sheet, grid = draw([own]), Grid.of([own], 96)
    assert [mark_of(sheet, grid, i, TOP) for i in range(5)] == marks
    middles = [MARGIN + LABEL + i * grid.cell + grid.outer // 2 for i in range(5)]
    assert [int(sheet[TOP + grid.outer // 2, x, 0]) for x in middles] == [40, 41, 42, 43, 44]


def test_the_real_video_stands_below_a_fake_at_the_same_frames() -> None:
    faces = tuple(face(i, Mark.FAKE, real="r.png", real_sha256=str(140 + i)) for i in range(3))
    own = bag(faces)
    sheet, grid = draw([own]), Grid.of([own], 96)
    y = TOP + grid.outer + 2 * LINE + GAP + grid.outer // 2
    middles = [MARGIN + LABEL + i * grid.cell + grid.outer // 2 for i in range(3)]
    assert [int(sheet[y, x, 0]) for x in middles] == [140, 141, 142]
    alone = draw([bag(tuple(replace(f, real="", real_sha256="") for f in faces))])
    assert len(sheet) - len(alone) == grid.outer + GAP


def test_many_frames_go_on_in_another_line_and_several_people_have_rows() -> None:
    long = bag(tuple(face(i, Mark.REAL) for i in range(25)), kind="original")
    assert Grid.of([long], 96).columns == 10
    assert Grid.of([long, long], 96).columns == 20
    one = len(draw([bag((face(0, Mark.FAKE),))]))
    two = len(draw([bag((face(0, Mark.FAKE),), (face(0, Mark.REAL),))]))
    assert two - one > 96


def test_a_slot_without_a_crop_is_grey_and_says_why() -> None:
    own = bag((face(0, Mark.REAL, crop="", status="no_face"), face(1, Mark.FAKE)))
    sheet, grid = draw([own]), Grid.of([own], 96)
    x = MARGIN + LABEL + BORDER
    square = sheet[TOP + BORDER : TOP + BORDER + grid.side, x : x + grid.side, 0]
    assert square[4, 4] == 228
    assert square.min() < 100, "words"


def test_every_bag_of_a_set_can_be_drawn(whole: Path) -> None:
    data = ffpms.load(whole)
    shown = show_bags(data, data.videos["bag_id"])
    assert [own.bag_id for own in shown] == data.videos["bag_id"].tolist()
    assert isinstance(draw_crops(data, shown, "a note"), Image.Image)
    (one,) = show_bags(data, [BAG])
    record = next(record for record in data.bags("test") if record.bag_id == BAG)
    ((_, faces),) = one.people
    assert [f.crop for f in faces] == list(record.crops)
    assert [f.mark == Mark.FAKE for f in faces] == [label == 1 for label in record.frame_labels]
    assert one.about == f"{sum(record.frame_labels)} of 4 frames fake ({sum(record.frame_labels) / 4:.0%})"
    reals = {f.crop for f in faces if f.mark == Mark.REPLACED}
    assert reals <= {f.real for f in faces}, "a swapped-in frame is the real video's own"
    assert all(f.real.startswith("crops/004/original_004/") for f in faces)


def test_a_damaged_crop_is_one_line(data: Path) -> None:
    built = ffpms.load(data)
    shown = show_bags(built, [BAG])
    assert STORED in {f.crop for _, faces in shown[0].people for f in faces}
    (data / STORED).unlink()
    with pytest.raises(ManifestError, match=r"\.png: not found; run the same 'ffpms build' again"):
        draw_crops(built, shown)


@pytest.mark.parametrize(
    ("change", "about"),
    [
        (lambda rows: rows.assign(status="no_counterpart"), "not built: no counterpart"),
        (lambda rows: rows, "real"),
    ],
)
def test_a_bag_says_its_label_or_why_there_is_none(
    whole: Path, change: Callable[[pd.DataFrame], pd.DataFrame], about: str
) -> None:
    data = ffpms.load(whole)
    changed: BuiltSet = replace(data, videos=change(data.videos))
    (own,) = show_bags(changed, ["original_004"])
    assert own.about == about
