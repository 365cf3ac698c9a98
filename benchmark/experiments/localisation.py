"""Localisation on the page of an experiment: tables of segments, and timelines of some videos."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmark.experiments import chance
from benchmark.experiments.chance import NAME, add_chance, estimate_chance
from benchmark.figures.timeline_picture import write_timelines
from benchmark.figures.timelines import N_PROPOSALS, collect_timelines
from benchmark.leaderboards.board import Board
from benchmark.leaderboards.cells import own_cells
from benchmark.leaderboards.groups import by_table
from benchmark.leaderboards.rendering.tables import Table, make_metrics_table
from benchmark.metrics.temporal_localisation import AP_IOUS, AR_PROPOSALS
from benchmark.runs.folder import Run
from ffpms.dataset.built_set import BuiltSet

FILE = "timelines"
"""Name of the picture and of its table, without their endings."""

TABLES = {
    "Segments proposed: average precision (%) by IoU": {f"ap_at_iou_{iou}": f"AP@{iou / 100:g}" for iou in AP_IOUS},
    "Segments found: average recall (%) by number of proposals": {
        f"ar_at_{number}": f"AR@{number}" for number in AR_PROPOSALS
    },
    "Frames within fake videos (%)": {"frame_auc_within": "AUC", "frame_ap_within": "average precision"},
}
"""Metrics of each table with the titles of their columns."""

RULE = (
    "A proposal is a run of frames at or above one of the video's scores, by the same rule for all methods. "
    'It is judged by ActivityNet\'s rule (docs/scores.md, "Of segments").'
)
_CAPTION = (
    "Fake videos are chosen by their number of segments, their fake rate and their name, and never by a score. "
    f"Of each method the first seed is shown. Bars are up to {N_PROPOSALS} proposals: from the most confident down, "
    "each that overlaps none taken before. The tables count all. A bar over a whole video says that its parts stand "
    "out by less than its mean score. {table} has the rows, in {unit}."
)


def draw_segments(runs: list[Run], sets: Sequence[BuiltSet], out: Path) -> Iterator[str]:
    """Draws timelines of each data set that is there; yields what shows and explains them."""
    for old in out.glob(f"{FILE}*"):
        old.unlink()
    there = {data.sha256: data for data in sets}
    for table, own, end in by_table(runs) if runs else ():
        if data := there.get(own[0].data_sha256):
            lines = collect_timelines(own, data)
            title = f"Timelines of some test videos, {table}"
            picture, rows = write_timelines(lines, out / f"{FILE}{end}.png", title)
            unit = "seconds" if lines.unit == "s" else "slots, for the frame rate of a video is not known"
            yield f"![{title}]({picture.name})"
            yield _CAPTION.format(table=rows.name, unit=unit)


def lead_with_segments(board: Board, runs: Sequence[Run]) -> Board:
    """Puts tables of segments before the others of a board, for sets that are about segments.

    The foot says what their row of random scores is.
    """
    tables = tuple(tabulate_segments(board.cells, [run for run in runs if is_about_segments(run)]))
    said = {NAME: chance.RULE} if any(name == NAME for table in tables for name, _ in table.rows) else {}
    return replace(board, leading=(*board.leading, *tables), notes=board.notes | said)


def is_about_segments(run: Run) -> bool:
    """Whether a tool proposes segments itself, or the fake slots of test bags lie in segments.

    They do if there are less than half as many segments as k slots of n that are drawn at random
    make on average: k (n - k + 1) / n, which is k (1 - r) + r at the fake rate r = k / n.
    """
    if run.segments is None or run.segments.empty:
        return False
    videos = run.scores[run.scores["level"] == "video"]
    own = run.segments.assign(k=run.segments["end"] - run.segments["start"]).groupby("bag_id")["k"].agg(["size", "sum"])
    rate = videos.set_index("bag_id")["fake_rate"].reindex(own.index)
    at_random = own["sum"] * (1 - rate) + rate
    return run.proposals is not None or bool(2 * own["size"].sum() < at_random.sum())


def tabulate_segments(cells: pd.DataFrame, runs: list[Run]) -> Iterator[Table]:
    """Yields the tables of segments and of frames within videos, for each data set.

    They are of all manipulations, or where none is trained on several, of each. ``runs`` are those
    of the cells, or of some of the data sets. The last row is of random scores on their bags.
    """
    scored = {table: own for table, own, _ in by_table(runs)} if runs else {}
    ours = own_cells(cells)
    several = ours.groupby("dataset")["table"].nunique()
    for table, of_set in ours[ours["table"].isin(scored)].groupby("table", sort=False):
        dataset = of_set["dataset"].iloc[0]
        where = str(table if several[dataset] > 1 else dataset)
        kinds = list(of_set["manipulation"].unique())
        for kind in ["all"] if "all" in kinds else kinds:
            own, name = of_set[of_set["manipulation"] == kind], f"{where}{'' if kind == 'all' else f', {kind}'}"
            shown = {title: columns for title, columns in TABLES.items() if own["metric"].isin(columns).any()}
            metrics = [metric for columns in shown.values() for metric in columns]
            random = estimate_chance(scored[str(table)], kind, metrics)
            for title, columns in shown.items():
                yield add_chance(make_metrics_table(f"{title}, {name}", own, columns), random, columns)
