"""The leaderboard: recomputes every number from stored scores, without a model."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmark.leaderboards.cells import Cell, fill
from benchmark.leaderboards.groups import group_runs
from benchmark.leaderboards.paper import paper_cells
from benchmark.leaderboards.rendering.files import FORMATS, check_formats, write_leaderboard
from benchmark.leaderboards.rendering.markdown import render_markdown
from benchmark.leaderboards.rendering.tables import Table, make_tables
from benchmark.leaderboards.set_names import explain_sets
from benchmark.leaderboards.submission_lines import explain_submissions
from benchmark.metrics.catalogue import METRICS
from benchmark.metrics.protocols import ACTIVITYNET, check_protocol
from benchmark.runs.collection import check_not_empty, read_collection, warn_of_left_out
from benchmark.runs.folder import Failure, Run
from benchmark.stats.comparison import Entry, compare, find_repeated, rank, tabulate_comparisons
from ffpms.errors import writing
from ffpms.locks import LOCKS, wait_for_lock
from ffpms.progress import Log, Progress, not_shown
from ffpms.storage import remove_partial

__all__ = ["COLUMNS", "FORMATS", "Board", "leaderboard", "make_board", "tabulate"]

COLUMNS = (
    *("method", "dataset", "manipulation", "fake_rate_bucket", "metric", "value", "ci_low", "ci_high"),
    *("n_videos", "threshold", "seeds", "run_ids", "source"),
    *("std", "by_seed", "temperature", "table", "standing", "minus_paper", "same_as"),
)
"""Columns of ``leaderboard.csv`` (docs/scores.md).

Those up to ``source`` stay; those after it may grow.
"""


@dataclass(frozen=True, eq=False)
class Board:
    """Every cell, the comparison of every two methods, and the trials that failed.

    ``notes`` say of each set without the official name why that is so, by its name, and of a row
    that is no method what it is. ``leading`` are tables that are shown before those of the paper's
    shape. ``submissions`` are a line on each submission, and on what the marks of their labels
    mean.
    """

    cells: pd.DataFrame
    comparisons: pd.DataFrame
    failures: pd.DataFrame
    notes: dict[str, str] = field(default_factory=dict)
    leading: tuple[Table, ...] = ()
    submissions: tuple[str, ...] = ()

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the paper's shape, one for each set and compared metric."""
        return tuple(make_tables(self.cells))

    @property
    def foot(self) -> dict[str, str]:
        """The lines at the foot of the tables: the notes, and the submissions under other names."""
        return self.notes | {f"submission {number}": line for number, line in enumerate(self.submissions)}

    def write(self, out: str | Path, formats: str | Sequence[str] = FORMATS) -> list[Path]:
        """Writes the leaderboard in each format, and returns the files.

        Beside the CSV lie ``comparisons.csv`` and, if a trial failed, ``failures.csv``.

        Raises:
            ConfigError: a format is unknown.
            StorageError: the folder cannot be written to.
        """
        chosen = check_formats([formats] if isinstance(formats, str) else formats)
        with writing(Path(out)):
            return write_leaderboard(
                self.cells, self.tables, Path(out), chosen, self.comparisons, self.failures, self.foot
            )

    def markdown(self) -> str:
        """Renders the short tables, and what failed, as Markdown."""
        return render_markdown([*self.leading, *self.tables], self.failures, self.foot)


@contextmanager
def lock_board(out: Path, log: Log = lambda _: None) -> Iterator[None]:
    """Locks the leaderboard of a folder while its runs are read and its files are written.

    So whoever writes last has every run that is done.

    Raises:
        StorageError: the folder cannot be written to.
    """
    with wait_for_lock(out / LOCKS / "leaderboard.lock", lambda owner: log(f"{out}: {owner} writes its leaderboard")):
        remove_partial(out)
        yield


def tabulate(runs: list[Run]) -> pd.DataFrame:
    """Tabulates all cells of all groups, in the columns of ``leaderboard.csv``."""
    return make_board(runs).cells


def leaderboard(root: str | Path, protocol: str = ACTIVITYNET) -> pd.DataFrame:
    """Computes the leaderboard of a folder's finished runs, in the columns of ``leaderboard.csv``.

    Args:
        root: the folder of runs.
        protocol: the rule by which segments are scored, ``activitynet`` or ``av-deepfake1m``.

    Raises:
        ConfigError: the protocol is unknown.
        ManifestError: there is neither a finished run nor a failed one.

    Example:
        >>> cells = benchmark.leaderboard("runs")
        >>> whole = cells.query("manipulation == 'all' and fake_rate_bucket == 'all'")
        >>> whole.query("metric == 'auc'")["source"].tolist()
        ['ours', 'ours']
    """
    return make_board(root, protocol=protocol).cells


def make_board(
    runs: str | Path | Run | Sequence[Run],
    failures: Iterable[Failure] = (),
    protocol: str = ACTIVITYNET,
    in_buckets: Collection[str] = METRICS.keys(),
    progress: Progress = not_shown,
) -> Board:
    """Computes the board: all cells of all groups, the comparisons, and what failed.

    The paper's cells are added where it has the same data.

    Args:
        runs: finished runs, each of which counts once a set, or the folder that they are in.
        failures: trials that failed, beside a list of runs; a folder knows its own. Of what cannot
            be used in a folder it warns, and leaves it out.
        protocol: the rule by which segments are scored, ``activitynet`` or ``av-deepfake1m``.
        in_buckets: names of the metrics that are computed for buckets of the fake rate too.
        progress: wraps the rows as they are computed; it also gets their number, to show a bar.

    Raises:
        ConfigError: the protocol is unknown.
        ManifestError: there is neither a finished run nor a failed one.

    Example:
        >>> board = benchmark.make_board(benchmark.read_runs("runs"))
        >>> board.markdown().splitlines()[0]
        '### Video accuracy at 0.5 (%), Minicorpus-6-custom'
    """
    check_protocol(protocol)
    if isinstance(runs, str | Path):
        runs, failures = _read_folder(Path(runs))
    each = list({(run.run_id, run.data_sha256): run for run in ([runs] if isinstance(runs, Run) else runs)}.values())
    failed = tabulate_failures(failures)
    groups = group_runs(each) if each or failed.empty else []
    with threadpool_limits(limits=1, user_api="blas"):  # its threads wait for each other longer than they compute
        filled = [pair for group in progress(groups, len(groups)) for pair in fill(group, protocol, in_buckets)]
        cells, entries = [cell for cell, _ in filled], [entry for _, entry in filled if entry]
        comparisons = compare(entries)
    _name_repeated(cells, entries)
    _mark(cells, rank(entries, comparisons))
    for table in dict.fromkeys(group.table for group in groups):
        cells += [cell | {"same_as": ""} for cell in paper_cells(table)]
    whole = pd.DataFrame(cells, columns=COLUMNS)
    lines = tuple(explain_submissions(groups))
    return Board(whole, tabulate_comparisons(comparisons), failed, explain_sets(groups), submissions=lines)


def _read_folder(root: Path) -> tuple[list[Run], list[Failure]]:
    found = warn_of_left_out(root, read_collection(root))
    check_not_empty(root, found)
    return found.runs, found.failures


def tabulate_failures(failures: Iterable[Failure]) -> pd.DataFrame:
    """Tabulates the trials that ended without scores, and why: a row each."""
    return pd.DataFrame(map(asdict, failures), columns=[field.name for field in fields(Failure)])


def _name_repeated(cells: list[Cell], entries: list[Entry]) -> None:
    """Names, in the cells of frames and segments, the method above whose frame scores these are."""
    same_as = {(table, column, own): first for (table, _, column, own), first in find_repeated(entries).items()}
    for cell in cells:
        of_frames = METRICS[cell["metric"]].level != "video"
        key = (cell["table"], cell["manipulation"], cell["method"])
        cell["same_as"] = same_as.get(key, "") if of_frames else ""


def _mark(cells: list[Cell], standing: dict[tuple[str, str, str, str], str]) -> None:
    """Marks how a cell stands in its column; of buckets there is no comparison."""
    for cell in cells:
        key = (cell["table"], cell["metric"], cell["manipulation"], cell["same_as"] or cell["method"])
        cell["standing"] = standing.get(key, "") if cell["fake_rate_bucket"] == "all" else ""
