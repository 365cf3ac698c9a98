"""Contact sheet of a tree: for some targets the original, the four fakes and what they changed."""

from pathlib import Path

import numpy as np
from PIL import Image

from ffpms.extraction.decode import read_frames
from ffpms.protocol.splits import Pairs
from ffpms.schema import ORIGINAL
from ffpms.sources.ffpp import FAKES, official

CELL = (216, 162)
"""Width and height of a picture, px."""


def draw_sheet(root: Path, pairs: Pairs, compression: str, path: Path, rows: int = 6, frame: int = 5) -> None:
    """Writes a picture: a target a row; original, DF, F2F, FS, NT a column, and below each fake its difference from the
    original, times 4."""
    chosen = [pair for members in pairs.values() for pair in members]
    chosen = chosen[:: max(1, len(chosen) // rows)][:rows]
    sheet = np.vstack([_row(root, target, source, compression, frame) for target, source in chosen])
    Image.fromarray(sheet).save(path, quality=85)


def _row(root: Path, target: str, source: str, compression: str, frame: int) -> np.ndarray:
    layout = official(compression)
    original = _read(root / layout.path(ORIGINAL, target), frame)
    fakes = [_read(root / layout.path(kind, f"{target}_{source}"), frame) for kind in FAKES]
    changes = [_difference(original, fake) for fake in fakes]
    blank = np.zeros_like(original)
    return np.vstack([_line([original, *fakes]), _line([blank, *changes])])


def _read(path: Path, frame: int) -> np.ndarray:
    return read_frames(path, [frame])[frame]


def _difference(original: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Of a narrowed fake with the columns of the original that it kept."""
    left = (original.shape[1] - fake.shape[1]) // 2
    seen = original[:, left : left + fake.shape[1]].astype(np.int16)
    return np.asarray(np.clip(4 * np.abs(fake - seen), 0, 255), np.uint8)


def _line(frames: list[np.ndarray]) -> np.ndarray:
    return np.hstack([np.asarray(Image.fromarray(f).resize(CELL, Image.Resampling.LANCZOS)) for f in frames])
