"""Catalogue of the experiments: methods, sets and curves of each.

All are of Li 2020 but ``localisation``, the task that followed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.figures.fake_rate import grid_curve, rate_curve
from benchmark.figures.frame_count import frame_curve
from benchmark.runs.folder import Run
from detectors import method


@dataclass(frozen=True)
class Curve:
    """A figure: its file name, its title and the function that computes it."""

    file: str
    title: str
    of: Callable[[list[Run]], pd.DataFrame]


@dataclass(frozen=True)
class Reading:
    """Another reading of the paper, where it leaves a setting open, for the methods it concerns."""

    settings: Mapping[str, Any]
    concerns: Callable[[str], bool] = lambda _: True


@dataclass(frozen=True)
class Experiment:
    """An experiment.

    ``methods`` are by compression; under ``ANY`` they are those of every set. ``readings`` are run
    beside the defaults, one setting at a time. ``unmixed`` means FaceForensics++ itself, where no
    frame of a fake is replaced. ``corpora`` are those that the paper's experiment has besides. Sets
    of them are scored as ``--test-data``. With ``segments`` it is of sets whose fake frames lie in
    segments, and its page has tables and timelines of them.
    """

    title: str
    methods: Mapping[str, tuple[str, ...]]
    unmixed: bool = False
    curves: tuple[Curve, ...] = ()
    readings: tuple[Reading, ...] = ()
    corpora: tuple[str, ...] = ()
    segments: bool = False

    @property
    def is_of_the_paper(self) -> bool:
        """Whether Li 2020 has it, so that its sets are compared with the paper's."""
        return ANY not in self.methods


ANY = "any"
"""Stands for every compression."""
_ON_FFPMS = ("xn-avg", "xn-max", "d-fwa", "lstm", "i3d", "s-mil", "s-mil-t")
_UNMIXED = ("xn-avg", "lstm", "i3d", "s-mil", "s-mil-t")
_ABLATION = ("mil", "s-mil", "s-mil-t")
_LOCALISING = ("s-mil", "s-mil-t", "mil", "xn-avg", "xn-max", "lstm", "abmil", "sm-abmil")
"""Methods whose frame scores propose segments: the paper's, and two attention pools of today."""
_IN_FIGURES = ("s-mil-t", "xn-avg", "lstm")
"""Methods of Fig. 6. The paper does not name those of Fig. 7; here they are the same."""
_COMPRESSIONS = ("raw", "c23", "c40")
"""Compression levels by their names in builds; the paper writes c0 for raw."""


def _is_baseline(name: str) -> bool:
    """Whether a method is a baseline that learns from fakes: not S-MIL, not one of pseudo-fakes."""
    return name not in ("s-mil", "s-mil-t") and method(name).training_data == "bags"


def _is_of_frames(name: str) -> bool:
    return method(name).unit == "frame"


_READINGS = (
    Reading({"train_mix": "whole"}, _is_baseline),
    Reading({"frame_faces": "drawn"}, _is_of_frames),
    Reading({"select": "last"}),
)
"""The open settings that change Table 1; docs/protocol.md has the reasons."""

EXPERIMENTS = {
    "table1": Experiment(
        "Table 1: videos of which some frames are fake",
        {"c40": _ON_FFPMS},
        readings=_READINGS,
        corpora=("DFDC-preview", "Celeb-DF"),
    ),
    "table2": Experiment(
        "Table 2: FaceForensics++ itself, by compression",
        {"raw": (*_UNMIXED, "mil", "x-ray"), "c23": _UNMIXED, "c40": _UNMIXED},
        unmixed=True,
    ),
    "table3": Experiment(
        "Table 3: MIL, sharp MIL and its temporal form", dict.fromkeys(_COMPRESSIONS, _ABLATION), unmixed=True
    ),
    "fig6": Experiment(
        "Fig. 6: accuracy against fake rate",
        {"c40": _IN_FIGURES},
        curves=(
            Curve("fake-rate", "Accuracy against fake rate: test fakes at the one rate they have", rate_curve),
            Curve("fake-rate-grid", "Accuracy against fake rate: every test fake at every rate", grid_curve),
        ),
    ),
    "fig7": Experiment(
        "Fig. 7: accuracy against the number of frames looked at",
        {"c40": _IN_FIGURES},
        unmixed=True,
        curves=(Curve("frames", "Accuracy against the number of frames looked at", frame_curve),),
        corpora=("DFDC-preview",),
    ),
    "localisation": Experiment(
        "Localisation: which segments of a video are fake, learnt from labels of whole videos",
        {ANY: _LOCALISING},
        segments=True,
    ),
}
"""The experiments by name."""
