"""Collects the scores behind docs/results.md from the runs of ``make results``.

Usage: python -m scripts.collect_results RUNS [RUNS ...]

What is committed of other seeds and entries stays, if it is of the same set and settings.
"""

import shutil
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w
from scipy.special import expit, logit

import benchmark
from benchmark.leaderboards.submission_files import write_submissions
from benchmark.report.commands import write_command
from benchmark.runs.folder import Run
from benchmark.runs.other_sets import folder_on
from benchmark.runs.submissions.card import CARD
from ffpms.errors import ConfigError, FfpmsError
from ffpms.schema import UNKNOWN
from scripts.committed_scores import (
    BOARD,
    END_TO_END,
    GRADIENTS,
    HEADS,
    LEVELS,
    N_DRAWS,
    ON_GRID,
    PAPER,
    RATES,
    RESULTS,
    SEGMENTS,
    Place,
    name_line,
)
from scripts.kept_seeds import add_kept_rows, drop_other_sets, keep_seeds, store

AUTHORS = ["the authors of ffpms"]
FEW = ((1, 3), (4, 9), (10, 19))
"""Numbers of fake frames of 20, from and to, in which gradients are averaged."""
LOCALISING, SEEDS = ("xn-avg", "lstm", "mil", "s-mil", "s-mil-t", "abmil", "sm-abmil"), 3
"""Methods whose frame scores propose segments, and how many trainings of each; more take too much room."""


def collect(roots: Sequence[Path]) -> None:
    """Writes the submissions of each board, and the tables beside it, of what the runs are of."""
    every = [run for root in roots for run in benchmark.read_runs(root)]
    runs = list({(run.run_id, run.data_sha256): run for run in every}.values())  # a folder may be a part of another
    check_levels(runs)
    RESULTS.mkdir(parents=True, exist_ok=True)
    if heads := [run for run in runs if _is_cached(run)]:
        _collect(heads, _find_root(heads, roots), HEADS)
        _collect_others(heads, _find_root(heads, roots))
    if whole := [run for run in runs if not _is_cached(run)]:
        _collect(whole, _find_root(whole, roots), END_TO_END)


def _collect(runs: list[Run], root: Path, place: Place) -> None:
    """Writes a board of the runs, and what is kept of their rate grids."""
    own = [run for run in runs if run.origin is None]
    for line in _write_board(own, root, BOARD):
        print(line)
    for name in {_name_entry(run) for run in own if run.method not in PAPER}:
        _drop_frames(BOARD / name / "scores.parquet")
    _write([_thin_grid(run) for run in _of(ON_GRID, own)], place.grid, BOARD)


def _name_entry(run: Run) -> str:
    """Returns the name of a run's submission."""
    return (HEADS if _is_cached(run) else END_TO_END).spell(run.method, run.settings["train_mix"])


def _write_board(runs: list[Run], root: Path, board: Path) -> list[str]:
    """Writes the submissions of one set into a board; returns a line on each row that is left out."""
    with TemporaryDirectory() as folder:
        _, left_out = write_submissions(runs, root, Path(folder), write_command)
        left_out += drop_other_sets(board, runs[0].data_sha256, AUTHORS)
        for entry in Path(folder).glob("board/*/*/"):
            name = _fill_in(entry / CARD, HEADS if _is_cached(runs[0]) else END_TO_END)
            for scores in entry.glob("*scores.parquet"):
                store(pq.read_table(scores), scores)
            keep_seeds(entry, board / name)
            shutil.copytree(entry, board / name, dirs_exist_ok=True)
    return left_out


def _fill_in(card: Path, place: Place) -> str:
    """Says whose scores they are; names them by method and mix, also where only one mix is there, and returns that."""
    about = tomllib.loads(card.read_text(encoding="utf-8"))
    name = place.spell(name_line(about["method"])[0], about["configuration"]["train_mix"])
    about |= {"method": name, "title": f"{name}, trained by ffpms bench", "authors": AUTHORS, "licence": "Apache-2.0"}
    card.write_text(tomli_w.dumps(about), encoding="utf-8")
    return name


def _collect_others(runs: list[Run], root: Path) -> None:
    """Writes what heads give on other sets, and what their losses would still teach."""
    others = [run for run in runs if run.origin]
    _collect_segments([run for run in others if find_level(run.dataset) is None], root)
    levels = [_thin_level(run) for run in _of(PAPER, others) if find_level(run.dataset)]
    _write(levels, LEVELS, BOARD)
    measured = [_measure_gradients(run) for run in _of(PAPER, runs) if run.origin is None]
    rows = add_kept_rows(pd.DataFrame([row for own in measured for row in own]), GRADIENTS, BOARD)
    rows.to_csv(GRADIENTS, index=False, lineterminator="\n", float_format="%.4f")


def check_levels(runs: Sequence[Run]) -> None:
    """Refuses runs that were scored on two sets of one compression, for their videos would count twice."""
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    for run in runs:
        if run.origin and (level := find_level(run.dataset)):
            folders[level][run.data_sha256] = folder_on(Path("RUN"), run.dataset, run.data_sha256).as_posix()
    for level, found in folders.items():
        if len(found) > 1:
            every = " and ".join(sorted(found.values()))
            raise ConfigError(f"{every}: {len(found)} sets of {level}; remove these folders of all but one set")


def _of(methods: Sequence[str], runs: list[Run]) -> list[Run]:
    return sorted((run for run in runs if run.method in methods), key=lambda run: (_name_entry(run), run.seed))


def _find_root(runs: Sequence[Run], roots: Sequence[Path]) -> Path:
    """Finds the folder that the first of some runs is in, for their hardware is told there."""
    return next(root for root in roots if (root / runs[0].run_id).is_dir())


def _is_cached(run: Run) -> bool:
    """Whether only a head was trained."""
    return bool((run.origin or run).settings["tune"] == "cached")


def _collect_segments(runs: list[Run], root: Path) -> None:
    """Writes the submissions of the set of segments, of some methods and seeds."""
    chosen = [run for run in runs if run.method in LOCALISING and (run.seed or 0) < SEEDS]
    few = [run for run in chosen if run.origin and run.origin.settings["train_mix"] == "recipe"]
    _write_board(few, root, SEGMENTS)


def _drop_frames(path: Path) -> None:
    """Leaves the scores of videos alone, so that all boards stay small."""
    table = pq.read_table(path)
    store(table.filter(pa.compute.equal(table["slot"], UNKNOWN)), path)


def _thin_grid(run: Run) -> pd.DataFrame:
    """Takes some rates and draws of the rate grid."""
    grid = run.grid[run.grid["n_fake"].isin(RATES) & (run.grid["draw"] < N_DRAWS)]
    return _name(run, grid[["bag_id", "draw", "n_fake", "score"]])


def _thin_level(run: Run) -> pd.DataFrame:
    """Takes the scores of videos of another compression."""
    videos = run.scores[run.scores["level"] == "video"]
    about = {"level": find_level(run.dataset), "set": run.data_sha256[:12]}
    return _name(run, videos[["bag_id", "score"]].assign(**about))


def find_level(dataset: str) -> str | None:
    """Returns the compression that a set's name tells; None at c40, of which the set of segments is.

    Raw videos have the paper's c0 in it.

    >>> find_level("Minicorpus-24-c0"), find_level("Minicorpus-24-custom")
    ('raw', None)
    """
    return next((level for mark, level in (("-c23", "c23"), ("-c0", "raw")) if mark in dataset), None)


def _name(run: Run, scores: pd.DataFrame) -> pd.DataFrame:
    small = logit(scores["score"].to_numpy()).clip(-99, 99).astype(np.float32)
    return scores.drop(columns="score").assign(entry=_name_entry(run), seed=run.seed, logit=small)


def _write(tables: list[pd.DataFrame], path: Path, board: Path) -> None:
    """Writes the tables of runs as one, with the rows that are kept of those of a board."""
    table = add_kept_rows(pd.concat(tables), path, board)
    columns = {
        name: pa.array(table[name]).dictionary_encode()
        if name in ("bag_id", "entry", "level", "set")
        else pa.array(table[name], pa.float32() if name == "logit" else pa.int16())
        for name in table
    }
    store(pa.table(columns), path)


def _mean(p: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Each face is classified by its video's label: dL/dz_j = -(1 - p_j) / M."""
    return (1 - p) / len(p)


def _noisy_or(p: np.ndarray, _: np.ndarray) -> np.ndarray:
    """dL/dz_j = -p_j (1 - p) / p (Li 2020, Eq. 6, times p_j (1 - p_j))."""
    real = np.prod(1 - p)
    return np.asarray(p * real / (1 - real))


def _sharp(p: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """dL/dz_j = -a_j (1 - p) (Li 2020, Eq. 9), the weights taken as given."""
    return np.asarray(weight * (1 - expit(weight @ logit(p))))


_RULES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "xn-avg": _mean, "mil": _noisy_or, "s-mil": _sharp, "s-mil-t": _sharp,
}  # fmt: skip


def _measure_gradients(run: Run) -> Iterator[dict[str, object]]:
    """Measures what the loss of a fake test video would still teach its faces, weights taken as given.

    ``push`` is the sum of |dL/dz_j|, ``aim`` the share of it on fake faces, ``share`` theirs among
    all faces; means over videos.
    """
    if run.method not in _RULES:
        return
    frames = run.scores[run.scores["level"] == "frame"]
    measured = []
    for _, bag in frames.groupby("bag_id"):
        fake = bag["y_true"].to_numpy() == 1
        if fake.any():
            p = bag["score"].to_numpy().clip(1e-9, 1 - 1e-9)
            slope = _RULES[run.method](p, bag["weight"].to_numpy())
            measured.append((fake.sum(), slope.sum(), slope[fake].sum() / slope.sum(), fake.mean()))
    table = pd.DataFrame(measured, columns=["n_fake", "push", "aim", "share"])
    for low, high in FEW:
        mean = table[table["n_fake"].between(low, high)].drop(columns="n_fake").mean()
        yield {"entry": _name_entry(run), "seed": run.seed, "low": low, "high": high, **mean}


if __name__ == "__main__":
    try:
        collect([Path(root) for root in sys.argv[1:]])
    except FfpmsError as error:
        sys.exit(f"Error: {error}")
