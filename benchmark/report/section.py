"""A section of the report: all that is shown of the runs that were scored on one set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.figures.points import lines_of
from benchmark.leaderboards.board import Board
from benchmark.leaderboards.groups import group_runs
from benchmark.leaderboards.rendering.html import render_tables
from benchmark.leaderboards.rendering.tables import explain, make_tables
from benchmark.report.bags import NONE, SCORE_STEPS, WEIGHT_STEPS, Bags
from benchmark.report.curves import Curves
from benchmark.report.faces import Album, collect_faces
from benchmark.report.figures import Figure, make_figures
from benchmark.report.numbers import list_calibration, list_numbers
from benchmark.report.overview import Overview, describe
from benchmark.report.provenance import RowOrigin, trace
from benchmark.report.series import Series, make_series
from benchmark.runs.folder import Run
from ffpms.dataset.built_set import BuiltSet

DATA = "DATA"
"""What a command names where the folder of the built set is not known."""


@dataclass(frozen=True)
class FaceOptions:
    """Which faces a page shows: of how many bags, from which sets, with which heat maps.

    ``sets`` are built sets by their hash, ``heat_maps`` (M, S, S) in [0, 1] by bag.
    """

    n_bags: int = 0
    sets: Mapping[str, BuiltSet] = field(default_factory=dict)
    heat_maps: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """All that the page shows of one set; ``data`` and the charts go into it as JSON."""

    key: str
    name: str
    overview: Overview
    marks: list[str]
    tables: str
    series: list[Series]
    shared: str
    figures: list[Figure]
    curves: Curves
    origins: list[RowOrigin]
    calibration: list[list[str]]
    album: Album
    data: dict[str, Any]

    def figures_of(self, part: str) -> list[Figure]:
        """Returns the figures of a part of the section."""
        return [figure for figure in self.figures if figure.part == part]


def make_section(number: int, table: str, runs: list[Run], board: Board, root: Path, faces: FaceOptions) -> Section:
    """Makes the section of one table of the board."""
    cells = board.cells[board.cells["table"] == table]
    dataset, several = runs[0].dataset, board.cells.loc[board.cells["source"] == "ours", ["dataset", "table"]]
    name = table if several.drop_duplicates()["dataset"].eq(dataset).sum() > 1 else dataset
    lines, groups = dict(lines_of(runs)), group_runs(runs)
    series, shared = make_series(dict.fromkeys([*lines, *(group.method for group in groups)]))
    bags, curves = Bags.read(lines), Curves.compute(runs, root)
    hardest = bags.hardest(faces.n_bags)
    built = faces.sets.get(runs[0].data_sha256)
    album = collect_faces(built, hardest, faces.heat_maps) if built else Album()
    note = next((board.notes[name] for name in (table, runs[0].dataset) if name in board.notes), "")
    return Section(
        key=f"set-{number}",
        name=name,
        overview=describe(name, cells, runs, bags, note),
        marks=explain(list(make_tables(cells))),
        tables=render_tables(cells),
        series=list(series.values()),
        shared=shared,
        figures=make_figures(curves, cells, series),
        curves=curves,
        origins=[trace(group, root, str(built.place) if built else DATA) for group in groups],
        calibration=list_calibration(cells),
        album=album,
        data=_list_data(cells, bags, lines, series, hardest, album),
    )


def _list_data(
    cells: pd.DataFrame,
    bags: Bags,
    lines: Mapping[str, list[Run]],
    series: Mapping[str, Series],
    hardest: list[str],
    album: Album,
) -> dict[str, Any]:
    """Lists what the scripts of the page read."""
    methods = [
        {"name": series[name].name, "seeds": [_name_training(run) for run in runs]} for name, runs in lines.items()
    ]
    steps = {"none": NONE, "score": SCORE_STEPS, "weight": WEIGHT_STEPS}
    viewer = bags.as_lists() | {"methods": methods, "steps": steps, "hardest": hardest, "album": album.as_lists()}
    return {"board": list_numbers(cells), "bags": viewer}


def _name_training(run: Run) -> str:
    return "scores" if run.seed is None else f"seed {run.seed}"
