"""Draws bags into one picture: a row of faces a person, and the real video's faces below a fake's.

What a face is stands below it in words. Its frame says it too: solid orange for fake, dashed blue
for swapped in, thin grey for real. The colours are those of Okabe and Ito, told apart by all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.crops import read_crop
from ffpms.gallery.bags import Mark, ShownBag, ShownFace

FAKE, REPLACED, REAL, INK, FAINT, EMPTY = "#d55e00", "#0072b2", "#b0b0b0", "#1b1e23", "#5f6670", "#e4e4e4"
MARGIN, GAP, BORDER, LINE, LABEL = 16, 6, 5, 14, 210
"""Lengths in px: around the sheet, between cells, of a frame, of a line of text, of the labels."""

Read = Callable[[str, str], np.ndarray]
"""Reads a crop by its path and hash: (S, S, 3) uint8."""


@dataclass(frozen=True)
class Grid:
    """The size of a face in px, and how many stand side by side."""

    side: int
    columns: int

    @classmethod
    def of(cls, bags: Sequence[ShownBag], stored: int) -> "Grid":
        """Chooses large faces for one bag, and small ones for several; 20 slots are a row."""
        longest = max((bag.n_frames for bag in bags), default=1)
        if len(bags) == 1:
            return cls(min(max(stored, 96), 160), max(1, min(longest, 10)))
        return cls(64, max(1, min(longest, 20)))

    @property
    def outer(self) -> int:
        """Side of a face with its frame."""
        return self.side + 2 * BORDER

    @property
    def cell(self) -> int:
        """Width of a cell."""
        return self.outer + GAP


class _Face(NamedTuple):
    """A slot of a bag, and the crop that is shown of it: its own, or the real video's."""

    slot: ShownFace
    crop: str
    sha256: str
    of_real: bool

    @property
    def mark(self) -> Mark:
        """What it is."""
        return Mark.REAL if self.of_real else self.slot.mark


@dataclass(frozen=True)
class _Row:
    """A row of faces, the lines of text at its left, and the free px below it."""

    lines: tuple[str, ...]
    faces: tuple[_Face, ...]
    below: int = 0

    @property
    def captions(self) -> int:
        """Number of lines below the faces."""
        if all(face.of_real for face in self.faces):
            return 0
        return 3 if any(face.slot.remark and face.crop for face in self.faces) else 2

    def height(self, grid: Grid) -> int:
        """Height in px with the space below."""
        cell = grid.side + 2 * BORDER + LINE * self.captions + GAP
        return max(cell, (len(self.lines) + 1) * LINE) + self.below


def draw_crops(data: BuiltSet, bags: Sequence[ShownBag], note: str = "") -> Image.Image:
    """Draws bags of a set, whose crops are checked against their hashes; see :func:`draw_sheet`.

    Raises:
        ManifestError: a crop is lost or damaged.
    """
    return draw_sheet(bags, lambda crop, sha256: read_crop(data.root, crop, sha256, data.side), data.side, note)


def draw_sheet(bags: Sequence[ShownBag], read: Read, stored: int, note: str = "") -> Image.Image:
    """Draws bags below each other, with a legend above; ``note`` says what is not shown.

    ``stored`` is the side of the crops, px.

    Raises:
        ManifestError: a crop is lost or damaged.
    """
    grid = Grid.of(bags, stored)
    rows = [row for bag in bags for row in _rows(bag, grid.columns)]
    width = max(2 * MARGIN + LABEL + grid.columns * grid.cell, 1000)
    top = 2 * MARGIN + 2 * LINE + (LINE + 4 if note else 0)
    sheet = Image.new("RGB", (width, top + sum(row.height(grid) for row in rows) + MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    _legend(draw, note)
    for row in rows:
        _draw_row(sheet, draw, row, grid, top, read)
        top += row.height(grid)
    return sheet


def _rows(bag: ShownBag, columns: int) -> Iterator[_Row]:
    """Yields the rows of a bag, for each person: below a fake's faces those of the real video."""
    for track, faces in bag.people:
        person = f"person {track}" if len(bag.people) > 1 else ""
        note = bag.error if bag.about.startswith("not built") else ""
        lines = tuple(filter(None, (bag.bag_id, bag.about, bag.split, person, note)))
        of_real = (bag.counterpart, "the real video,", "same frames")
        for start in range(0, max(len(faces), 1), columns):
            part = faces[start : start + columns]
            below = 2 * GAP if start + columns >= len(faces) else GAP
            own = tuple(_Face(face, face.crop, face.sha256, False) for face in part)
            if not any(face.real for face in faces):
                yield _Row(lines if start == 0 else (), own, below)
                continue
            yield _Row(lines if start == 0 else (), own)
            real = tuple(_Face(face, face.real, face.real_sha256, True) for face in part)
            yield _Row(of_real if start == 0 else (), real, below)


def _legend(draw: ImageDraw.ImageDraw, note: str) -> None:
    x, middle = MARGIN, MARGIN + LINE // 2
    texts = {
        Mark.FAKE: "fake frame",
        Mark.REPLACED: "real frame that was swapped in",
        Mark.REAL: "frame of a real video; the number is its place in the video",
    }
    for mark, text in texts.items():
        _frame(draw, (x, middle - 8, x + 18, middle + 10), mark, 3)
        draw.text((x + 26, middle + 1), text, INK, _font(13), anchor="lm")
        x += 26 + int(draw.textlength(text, _font(13))) + 28
    draw.text((MARGIN, MARGIN + 2 * LINE), note, INK, _font(13), anchor="lm")


def _draw_row(sheet: Image.Image, draw: ImageDraw.ImageDraw, row: _Row, grid: Grid, top: int, read: Read) -> None:
    for i, line in enumerate(row.lines):
        size = 14 if i == 0 else 12
        draw.text((MARGIN, top + 4 + i * (LINE + 2)), _cut(draw, line, size), INK if i == 0 else FAINT, _font(size))
    for i, face in enumerate(row.faces):
        x = MARGIN + LABEL + i * grid.cell
        _frame(draw, (x, top, x + grid.outer - 1, top + grid.outer - 1), face.mark, BORDER)
        _draw_face(sheet, draw, face, (x + BORDER, top + BORDER), grid.side, read)
        if not face.of_real:
            _caption(draw, face, x + grid.outer // 2, top + grid.outer + 2)


def _draw_face(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, face: _Face, place: tuple[int, int], side: int, read: Read
) -> None:
    """Draws a crop; where there is none, a grey square that says why."""
    if face.crop:
        crop = Image.fromarray(read(face.crop, face.sha256))
        sheet.paste(crop.resize((side, side), Image.Resampling.LANCZOS), place)
        return
    x, y = place
    draw.rectangle((x, y, x + side - 1, y + side - 1), EMPTY)
    words = "no real face" if face.of_real else face.slot.remark or "no crop"
    middle = (x + side // 2, y + side // 2)
    draw.multiline_text(middle, words.replace(" ", "\n"), INK, _font(12), anchor="mm", align="center")


def _caption(draw: ImageDraw.ImageDraw, face: _Face, x: int, y: int) -> None:
    """Writes the frame's index and what the face is below it."""
    mark, index = face.mark, face.slot.frame_index
    ink = {Mark.FAKE: FAKE, Mark.REPLACED: REPLACED, Mark.REAL: FAINT}[mark]
    lines = [(str(index) if index >= 0 else "?", INK), (str(mark), ink), (face.slot.remark if face.crop else "", INK)]
    for i, (text, colour) in enumerate(lines):
        draw.text((x, y + i * LINE), text, colour, _font(12), anchor="ma")


def _frame(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], mark: Mark, width: int) -> None:
    """Draws a frame by what it means: solid, dashed, or thin."""
    left, top, right, bottom = box
    if mark == Mark.FAKE:
        draw.rectangle(box, outline=FAKE, width=width)
    elif mark == Mark.REPLACED:
        dash = max(4, (right - left) // 9)
        for start in range(0, right - left, 2 * dash):
            end = min(start + dash, right - left)
            for y in (top, bottom - width + 1):
                draw.rectangle((left + start, y, left + end, y + width - 1), REPLACED)
            for x in (left, right - width + 1):
                draw.rectangle((x, top + start, x + width - 1, top + end), REPLACED)
    else:
        inset = width - 1
        draw.rectangle((left + inset, top + inset, right - inset, bottom - inset), outline=REAL, width=1)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _cut(draw: ImageDraw.ImageDraw, text: str, size: int) -> str:
    """Shortens a line to the width of the labels."""
    if draw.textlength(text, _font(size)) <= LABEL - 8:
        return text
    while text and draw.textlength(f"{text}...", _font(size)) > LABEL - 8:
        text = text[:-1]
    return f"{text}..."
