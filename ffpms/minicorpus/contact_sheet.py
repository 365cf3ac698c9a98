"""Contact sheet of a corpus: for some targets the original, its fakes and their differences."""

from pathlib import Path

import numpy as np
from PIL import Image

from ffpms.extraction.decoding.wanted_frames import read_frames
from ffpms.protocol.splits import Pairs
from ffpms.schema import ORIGINAL
from ffpms.sources.corpora.ffpp import FAKES, official

CELL = (216, 162)
"""Width and height of a frame in the sheet, px."""


def draw_sheet(root: Path, pairs: Pairs, compression: str, path: Path, rows: int = 6, frame: int = 5) -> None:
    """Writes an image with a target in each row.

    The columns are original, DF, F2F, FS and NT. Below each fake is its difference from the
    original, times 4.
    """
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
    return np.vstack([_hstack([original, *fakes]), _hstack([blank, *changes])])


def _read(path: Path, frame: int) -> np.ndarray:
    return read_frames(path, [frame])[frame]


def _difference(original: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Difference times 4, of a narrowed fake with the columns of the original that it kept."""
    left = (original.shape[1] - fake.shape[1]) // 2
    seen = original[:, left : left + fake.shape[1]].astype(np.int16)
    return np.asarray(np.clip(4 * np.abs(fake - seen), 0, 255), np.uint8)


def _hstack(frames: list[np.ndarray]) -> np.ndarray:
    return np.hstack([np.asarray(Image.fromarray(f).resize(CELL, Image.Resampling.LANCZOS)) for f in frames])
