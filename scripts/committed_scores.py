"""The committed scores behind docs/results.md: where they lie, and how they are read.

A board below ``docs/board`` has the scores of all test bags, a submission a row. ``docs/results`` has
what a submission has no place for. No file has pixels.
"""

import tomllib
from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

import benchmark
import detectors
from benchmark.figures.points import draw_first, sample
from benchmark.metrics.resampling.pair_tables import resample_accuracy
from benchmark.metrics.score_arrays import Rows, read_videos
from benchmark.metrics.val_scores import ValScores, choose_threshold
from benchmark.runs.external import read_candidate, write_runs
from benchmark.runs.folder import Run
from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.recipe_set import load_set
from benchmark.runs.submissions.card import CARD
from benchmark.runs.submissions.folder import find_candidate
from benchmark.stats.bootstrap import N_RESAMPLES
from ffpms.errors import ManifestError
from ffpms.regular_files import read_text
from ffpms.schema import UNKNOWN
from scripts.seed_means import Line, Number

ROOT = Path(__file__).parents[1]
BOARD = ROOT / "docs" / "board" / "minicorpus-1000-custom"
SEGMENTS = BOARD.with_name(f"{BOARD.name}-segments")
RESULTS = ROOT / "docs" / "results"
LEVELS, GRADIENTS = RESULTS / "levels.parquet", RESULTS / "gradients.csv"

PAPER = ("xn-avg", "xn-max", "lstm", "mil", "s-mil", "s-mil-t")
"""The methods of the paper that see embeddings, in the order of its tables."""
ON_GRID = (*PAPER, "transmil")
"""The methods whose scores on the rate grid are kept."""
MIXES = ("recipe", "whole")
RATES = (1, 2, 3, 5, 8, 10, 15, 20)
"""Numbers of fake frames of 20 whose scores are kept."""
N_DRAWS = 2
"""Draws of fake frames at each rate that are kept."""
_WHOLE = "-train_mix-whole"


class Place(NamedTuple):
    """Where the scores of some trainings lie: how submissions end, and what is kept of the rate grid."""

    end: str
    grid: Path

    def spell(self, method: str, mix: str) -> str:
        """Returns the name of a submission.

        >>> HEADS.spell("s-mil", "whole"), END_TO_END.spell("s-mil", "recipe")
        ('s-mil-train_mix-whole', 's-mil-end-to-end')
        """
        return method + self.end + (_WHOLE if mix == "whole" else "")


HEADS = Place("", RESULTS / "grid.parquet")
END_TO_END = Place("-end-to-end", RESULTS / "grid-end-to-end.parquet")


def name_line(entry: str) -> tuple[str, str]:
    """Returns the method and the training mix of a submission's name.

    >>> name_line("s-mil-train_mix-whole"), name_line("s-mil-end-to-end")
    (('s-mil', 'whole'), ('s-mil', 'recipe'))
    """
    mix = "whole" if entry.endswith(_WHOLE) else "recipe"
    return entry.removesuffix(_WHOLE).removesuffix(END_TO_END.end), mix


class Committed:
    """All committed scores of a place.

    Intervals are made of ``n_resamples``; numbers do not depend on it.
    """

    def __init__(self, place: Place, n_resamples: int = N_RESAMPLES) -> None:
        self.n_resamples = n_resamples
        self._at: dict[tuple[str, str, int], Number] = {}
        self._every: dict[tuple[str, str], list[tuple[Rows, np.ndarray]]] = {}
        self._truth = truth = _read_truth(BOARD)
        self.lines = {(line.method, line.mix): line for line in _read_lines(BOARD, place, truth)}
        self.grid = {line: _split_by_seed(own, truth) for line, own in read_kept(place.grid).groupby(["method", "mix"])}

    def of(self, methods: Sequence[str] = PAPER) -> list[Line]:
        """Returns the lines of methods that are there."""
        return [self.lines[method, mix] for method in methods for mix in MIXES if (method, mix) in self.lines]

    def levels(self, line: Line) -> list[Line]:
        """Returns a line's scores in c40, c23 and raw, of the videos that are in all of them."""
        other = [self._by_level[line.method, line.mix, level] for level in ("c23", "raw")]
        there = set.intersection(*(set(table["bag_id"]) for tables in other for table in tables.values()))
        own = {seed: table[table["bag_id"].isin(there)] for seed, table in line.tables.items()}
        return [Line(line.method, line.mix, tables) for tables in (own, *other)]

    @cached_property
    def _by_level(self) -> dict[Hashable, dict[int, pd.DataFrame]]:
        levels = read_kept(LEVELS).groupby(["method", "mix", "level"])
        return {key: _split_by_seed(own, self._truth) for key, own in levels}

    def number(self, metric: str, rows: Sequence[Rows]) -> Number:
        """Returns a metric of the scores of some seeds."""
        return Number([sample(metric, own, self.n_resamples) for own in rows], rows)

    def accuracy_val(self, line: Line) -> Number:
        """Returns the accuracy at each seed's threshold of val."""
        counts = draw_first(line.rows[0].n_pairs, self.n_resamples)
        of_seeds = zip(line.rows, line.thresholds.values(), strict=True)
        return Number([resample_accuracy(rows, counts, threshold) for rows, threshold in of_seeds], line.rows)

    def at(self, line: Line, n_fake: int) -> Number:
        """Returns the AUC of the fakes at a number of fake frames of 20, and all real videos."""
        key = (line.method, line.mix, n_fake)
        if key not in self._at:
            every = self._on_grid(line)
            self._at[key] = self.number("auc", [rows.where((n == UNKNOWN) | (n == n_fake)) for rows, n in every])
        return self._at[key]

    def _on_grid(self, line: Line) -> list[tuple[Rows, np.ndarray]]:
        """Reads the real videos and the whole grid of each seed once, with how many frames of each are fake.

        That of real ones is UNKNOWN.
        """
        name = (line.method, line.mix)
        if name not in self._every:
            own = zip(line.tables.values(), self.grid[name].values(), strict=True)
            both = [pd.concat([table[table["y_true"] == 0].assign(n_fake=UNKNOWN), grid]) for table, grid in own]
            self._every[name] = [(read_videos(table), table["n_fake"].to_numpy()) for table in both]
        return self._every[name]


def read_segment_runs(out: Path) -> list[Run]:
    """Reads the submissions of the set of segments, as runs of a folder."""
    data = load_set(SEGMENTS / "recipe")
    test, val = (GroundTruth.of_set(data, split) for split in ("test", "val"))
    for folder in _list_entries(SEGMENTS):
        candidate, problems = find_candidate(folder)
        scores, _, wrong = read_candidate(candidate, test, val) if candidate else (None, None, [])
        if not candidate or not scores:
            raise ManifestError("\n".join([*problems, *wrong]))
        write_runs(candidate.name, scores, None, out, candidate.card)
    return benchmark.read_runs(out)


def _list_entries(board: Path) -> list[Path]:
    return sorted(card.parent for card in board.glob(f"*/{CARD}"))


def read_gradients() -> pd.DataFrame:
    """Reads what was measured of the gradients of heads."""
    gradients = pd.read_csv(GRADIENTS)
    return gradients.assign(**_split_names(gradients["entry"]))


def _read_truth(board: Path, split: str = "test") -> pd.DataFrame:
    """Reads what is true of the bags of a split that can be scored: a row a bag."""
    videos = pd.read_parquet(board / "recipe" / "videos.parquet")
    usable = videos[(videos["split"] == split) & videos["status"].isin(("ok", "no_face"))]
    about = usable[["bag_id", "pair_id", "manipulation", "fake_rate", "label"]]
    return about.rename(columns={"label": "y_true"})


def _read_frames(board: Path, truth: pd.DataFrame) -> pd.DataFrame:
    """Reads which frames of these bags are fake: a row a frame."""
    frames = pd.read_parquet(board / "recipe" / "frames.parquet", columns=["bag_id", "slot", "label"])
    return frames.rename(columns={"label": "y_true"}).merge(truth.drop(columns="y_true"), on="bag_id")


def _read_lines(board: Path, place: Place, truth: pd.DataFrame) -> Iterator[Line]:
    """Reads the scores of our own submissions."""
    frames, val = _read_frames(board, truth), _read_truth(board, "val")
    names = {place.spell(method, mix) for method in detectors.names() for mix in MIXES}
    for folder in _list_entries(board):
        if folder.name not in names:
            continue
        scores = _read_once(folder / "scores.parquet")
        of_videos = scores["slot"] == UNKNOWN
        videos = _split_by_seed(scores[of_videos].drop(columns="slot"), truth)
        of_frames = _split_by_seed(scores[~of_videos], frames, ["bag_id", "slot"])
        of_val = _split_by_seed(_read_once(folder / "val_scores.parquet"), val)
        pairs = frozenset(truth["pair_id"])
        thresholds = {seed: choose_threshold(ValScores(table, pairs)) for seed, table in of_val.items()}
        yield Line(*name_line(folder.name), videos, of_frames, thresholds, _read_trainings(folder / CARD))


def _read_trainings(card: Path) -> tuple[str, ...]:
    """Reads the names of a submission's trainings, in the order of its seeds."""
    about = tomllib.loads(read_text(card))["configuration"]
    return tuple(name for _, name in sorted(zip(about["seeds"], about["trainings"], strict=True)))


def _split_by_seed(
    scores: pd.DataFrame, truth: pd.DataFrame, on: Sequence[str] = ("bag_id",)
) -> dict[int, pd.DataFrame]:
    """Joins scores with what is true of their bags or frames: a table a seed, in their order."""
    scores = scores.assign(score=expit(scores["logit"].astype("float64")))
    return {
        int(seed): scores[scores["seed"] == seed].merge(truth, on=list(on)) for seed in sorted(scores["seed"].unique())
    }


def _read_once(path: Path) -> pd.DataFrame:
    """Reads a table of scores, each of which must be there once."""
    table = pd.read_parquet(path)
    if n := table.duplicated([name for name in table if name not in ("logit", "set")]).sum():
        raise ManifestError(f"{path}: has {n} scores twice; collect those of one set with scripts.collect_results")
    return table


def read_kept(path: Path) -> pd.DataFrame:
    """Reads a table beside the boards, with the method and the training mix of each row."""
    table = _read_once(path)
    return table.assign(**_split_names(table["entry"].astype(str)))


def _split_names(entries: pd.Series) -> dict[str, pd.Series]:
    names = {entry: name_line(entry) for entry in entries.unique()}
    return {"method": entries.map(lambda entry: names[entry][0]), "mix": entries.map(lambda entry: names[entry][1])}
