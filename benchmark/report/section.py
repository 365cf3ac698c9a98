"""A section of the report: all that is shown of the runs that were scored on one set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.figures.points import lines_of
from benchmark.leaderboards.board import Board
from benchmark.leaderboards.cells import own_cells
from benchmark.leaderboards.groups import Group, group_runs
from benchmark.leaderboards.rendering.html import render_tables
from benchmark.leaderboards.rendering.tables import explain, make_tables
from benchmark.leaderboards.submission_lines import explain_marks
from benchmark.report.bags import KINDS, Bags
from benchmark.report.curves import Curves
from benchmark.report.faces import Album, collect_faces, find_bags
from benchmark.report.figures import Figure, make_figures
from benchmark.report.numbers import list_calibration, list_numbers
from benchmark.report.overview import Overview, describe
from benchmark.report.provenance import RowOrigin, trace
from benchmark.report.series import Series, make_series
from benchmark.report.submissions import SubmissionView, list_submissions
from benchmark.runs.folder import Run
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import FfpmsError

DATA = "DATA"
"""What a command names where the folder of the built set is not known."""


Explain = Callable[[Run, Sequence[BagRecord]], Mapping[str, np.ndarray]]
"""Draws the heat maps of bags for a run: by bag, (M, S, S, 3) uint8 in the order of its faces."""


@dataclass(frozen=True)
class FaceOptions:
    """Which faces a page shows: of how many bags, from which sets (by hash), with which heat maps.

    ``explain`` draws the heat maps of ``n_heat_maps`` bags, for a run of the best method.
    """

    n_bags: int = 0
    sets: Mapping[str, BuiltSet] = field(default_factory=dict)
    n_heat_maps: int = 0
    explain: Explain | None = None


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
    heat_line: str
    data: dict[str, Any]
    submissions: list[SubmissionView] = field(default_factory=list)

    def figures_of(self, part: str) -> list[Figure]:
        """Returns the figures of a part of the section."""
        return [figure for figure in self.figures if figure.part == part]


def make_section(number: int, table: str, runs: list[Run], board: Board, root: Path, faces: FaceOptions) -> Section:
    """Makes the section of one table of the board."""
    cells = board.cells[board.cells["table"] == table]
    tables = list(make_tables(cells))
    dataset, several = runs[0].dataset, board.cells.loc[board.cells["source"] == "ours", ["dataset", "table"]]
    name = table if several.drop_duplicates()["dataset"].eq(dataset).sum() > 1 else dataset
    lines, groups = dict(lines_of(runs)), group_runs(runs)
    series, shared = make_series(dict.fromkeys([*lines, *(group.method for group in groups)]))
    bags, curves = Bags.read(lines), Curves.compute(runs, root)
    hardest = bags.hardest(faces.n_bags)
    built = faces.sets.get(runs[0].data_sha256)
    album, heat_line = _collect(built, hardest, faces, cells, groups)
    note = next((board.notes[name] for name in (table, runs[0].dataset) if name in board.notes), "")
    return Section(
        key=f"set-{number}",
        name=name,
        overview=describe(name, cells, runs, bags, note),
        marks=[*explain(tables), *explain_marks(groups)],
        tables=render_tables(tables),
        series=list(series.values()),
        shared=shared,
        figures=make_figures(curves, cells, series),
        curves=curves,
        origins=[trace(group, root, str(built.place) if built else DATA) for group in groups],
        calibration=list_calibration(cells),
        album=album,
        heat_line=heat_line,
        data=_list_data(cells, bags, lines, series, hardest, album),
        submissions=list_submissions(groups),
    )


def _collect(
    built: BuiltSet | None, names: list[str], faces: FaceOptions, cells: pd.DataFrame, groups: list[Group]
) -> tuple[Album, str]:
    """Collects the faces of the hardest bags, and says whose heat maps lie over some of them."""
    if built is None:
        return Album(), ""
    bags = find_bags(built, names)
    seen = [bag for bag in bags if bag.crops][: faces.n_heat_maps]
    group = _find_best(cells, groups)
    if not (seen and faces.explain and group):
        return collect_faces(bags, {}), ""
    parts = _split_by_run(group, seen)
    try:
        heat = {name: maps for run, own in parts for name, maps in faces.explain(run, own).items()}
    except FfpmsError as error:
        return collect_faces(bags, {}), f"There are no heat maps: {error}."
    return collect_faces(bags, heat), _say_whose(group, [run for run, _ in parts], len(heat))


def _split_by_run(group: Group, bags: Sequence[BagRecord]) -> list[tuple[Run, list[BagRecord]]]:
    """Splits bags by the run that explains them: the first that was trained on their manipulation.

    Real ones have none, and are the first run's.
    """
    chosen = [next(iter(group.trained_on(bag.manipulation)), group.runs[0]) for bag in bags]
    own = [(run, [bag for bag, one in zip(bags, chosen, strict=True) if one is run]) for run in group.runs]
    return [(run, some) for run, some in own if some]


def _say_whose(group: Group, runs: Sequence[Run], number: int) -> str:
    names = ", ".join(run.run_id for run in runs)
    who = f"{names}, a training of {group.method}, looks"
    if len(runs) > 1:
        who = f"{names}, trainings of {group.method}, look: each at fakes of what it was trained on"
    return f"Heat maps (Grad-CAM) of the {number} hardest show where {who}."


def _find_best(cells: pd.DataFrame, groups: list[Group]) -> Group | None:
    """Finds the method of the highest AUC that was trained here.

    Where none was trained on all manipulations, it is the highest mean over them.
    """
    ours = own_cells(cells)
    own = ours[ours["metric"] == "auc"]
    whole = own[own["manipulation"] == "all"]
    auc = (whole if len(whole) else own).groupby("method")["value"].mean().to_dict()
    trained = [group for group in groups if not group.external]
    return max(trained, key=lambda group: auc.get(group.method, 0.0), default=None)


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
    steps = {what: steps for what, (_, steps) in KINDS.items()}
    viewer = bags.as_lists() | {"methods": methods, "steps": steps, "hardest": hardest, "album": album.as_lists()}
    return {"board": list_numbers(cells), "bags": viewer}


def _name_training(run: Run) -> str:
    return "scores" if run.seed is None else f"seed {run.seed}"
