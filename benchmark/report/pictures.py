"""The figures of a report for a paper: PDF and PNG by Matplotlib, from the same curves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from benchmark.figures.diagrams import draw_reliability, draw_roc
from benchmark.figures.plotting import draw_picture
from benchmark.figures.robustness_files import draw_robustness
from benchmark.report.curves import Curves

FORMATS = (".pdf", ".png")

_Draw = Callable[..., None]


def draw_pictures(curves: Curves, folder: Path, title: str, end: str = "") -> list[Path]:
    """Draws every figure that has a point, in both formats; ``end`` tells sets apart.

    The folder is made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, about, table, draw in _list(curves):
        own = [folder / f"{name}{end}{suffix}" for suffix in FORMATS]
        draw(table, f"{about}, {title}", *own)
        files += own
    return files


def _list(curves: Curves) -> Iterator[tuple[str, str, pd.DataFrame, _Draw]]:
    every = [
        ("fake-rate", "Accuracy against fake rate", curves.rate, draw_picture),
        ("frames", "Accuracy against number of frames", curves.frames, draw_picture),
        ("roc", "ROC", curves.roc, draw_roc),
        ("reliability", "Reliability", curves.reliability, draw_reliability),
        ("robustness", "Perturbed faces", curves.robustness, draw_robustness),
    ]
    return (one for one in every if len(one[2]))
