"""Contact sheet of perturbations: one face of a bag at every kind and level."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmark.perturbation.kinds import KINDS, LEVELS, perturb
from ffpms.dataset.bag import BagRecord

_COLOURS = 96
"""Colours of the sheet: noise makes a large file of more."""
CELL = 96
"""Side of a face in the sheet, px."""
_LEFT, _TOP, _GAP = 84, 22, 2


def draw_sheet(bag: BagRecord, path: str | Path, place: int = 0) -> None:
    """Draws a face of a bag: a row a kind, a column a level, the first as it is.

    Raises:
        ManifestError: a crop of the bag is not there, or is not the one that was built.
    """
    faces, step = bag.faces(), CELL + _GAP
    sheet = Image.new("RGB", (_LEFT + step * (1 + len(LEVELS)), _TOP + step * len(KINDS)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for column, level in enumerate((0, *LEVELS)):
        head = f"level {level}" if level else "clean"
        draw.text((_LEFT + step * column + CELL / 2, _TOP / 2), head, "black", font, anchor="mm")
    for row, kind in enumerate(KINDS):
        draw.text((_LEFT - 8, _TOP + step * row + CELL / 2), kind, "black", font, anchor="rm")
        for column, level in enumerate((0, *LEVELS)):
            face = _show(perturb(faces, bag, kind, level)[place])
            sheet.paste(face, (_LEFT + step * column, _TOP + step * row))
    sheet.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _show(face: np.ndarray) -> Image.Image:
    """Shows every pixel of a small face as a square, so that nothing smooths what was done."""
    own = Image.Resampling.NEAREST if len(face) < CELL else Image.Resampling.LANCZOS
    return Image.fromarray(face).resize((CELL, CELL), own)
