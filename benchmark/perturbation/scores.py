"""Perturbed scores: scores the test bags of finished runs at every kind and level."""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from benchmark.data.batches import BagDataset
from benchmark.data.face_cache import Read
from benchmark.models.packed_detector import make_untrained
from benchmark.perturbation.kinds import KINDS, LEVELS, perturb
from benchmark.runs.folder import is_done
from benchmark.runs.perturbed import read_perturbed, write_perturbed
from benchmark.runs.tables import DamagedTableError
from benchmark.training.checkpoint import BEST
from benchmark.training.device import Machine
from benchmark.training.model import Model
from benchmark.training.predict import predict
from benchmark.training.stored_weights import load_weights
from benchmark.trials.claims import lock_of
from benchmark.trials.failures import end_all, explain
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.locks import wait_for_lock
from ffpms.progress import Log
from ffpms.schema import NO_FACE_SCORE, PERTURBED_SCORE, Split

_OF_A_BAG = ("bag_id", "manipulation", "pair_id", "fake_rate")

Cell = tuple[str, int]
"""Kind and level."""


@dataclass(frozen=True)
class Perturbation:
    """Perturbs the faces of a bag when a data set reads them, in any process."""

    kind: str
    level: int

    def __call__(self, faces: np.ndarray, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator) -> np.ndarray:  # noqa: ARG002
        """Perturbs all faces of a bag; nothing of it depends on the order of bags.

        Shape: faces (M, S, S, 3) uint8 -> (M, S, S, 3) uint8.
        """
        return perturb(faces, bag, self.kind, self.level)


@dataclass(frozen=True)
class _Part:
    """A set that a finished trial scored: its own or another, and the folder of the scores."""

    data: BuiltSet
    folder: Path
    manipulations: tuple[str, ...]


def score_perturbed(trials: Sequence[Trial], kinds: Sequence[str], resources: Resources) -> list[str]:
    """Scores the finished ones of some trials with perturbed faces, and trains nothing.

    Test bags of other sets that a trial scored are perturbed too. What is scored already is not
    scored again, so a run that was stopped goes on. Ranks share the trials. Returns one line for
    each set of a trial that failed, to the first rank.
    """
    ranks = resources.machine.ranks
    finished = [trial for trial in trials if ranks.agree(is_done(trial.folder))]
    for data in [data for trial in finished for data in (trial.data, *trial.tests)]:
        resources.faces(data)
    own = list(enumerate(finished, 1))[ranks.rank :: ranks.world]
    lines = [line for n, one in own for line in _attempt(one, kinds, resources, f"[{n}/{len(finished)}] ")]
    return [line for some in ranks.gather(lines) for line in some]


def _attempt(trial: Trial, kinds: Sequence[str], resources: Resources, number: str) -> Iterator[str]:
    """Scores each set of a trial; yields a line for one that failed. The run stays as it was."""
    for part in _parts(trial):
        name, log = part.folder.relative_to(trial.folder.parent).as_posix(), resources.machine.log
        try:
            with wait_for_lock(lock_of(trial.folder), partial(_log_wait, log, f"{number}{name}")):
                _score_part(trial, part, kinds, resources, partial(_log_run, log, f"{number}{name}"))
        except BaseException as error:
            end_all(error, part.folder)
            yield f"{name}: perturbed faces: {explain(error, trial.config)}"
        gc.collect()  # what a failed detector still holds, the next one may need


def _parts(trial: Trial) -> list[_Part]:
    """Lists the sets that a trial has scored."""
    own = _Part(trial.data, trial.folder, trial.config.manipulations)
    others = [_Part(test, trial.folder_on(test), test.manipulations) for test in trial.tests]
    return [part for part in (own, *others) if is_done(part.folder)]


def _log_wait(log: Log, name: str, owner: str) -> None:
    log(f"{name}: {owner} is at work in it")


def _log_run(log: Log, name: str, line: str) -> None:
    log(f"{name}: {line}")


def _score_part(trial: Trial, part: _Part, kinds: Sequence[str], resources: Resources, log: Log) -> None:
    """Scores what is missing, and writes the table after each level."""
    table = _read_scored(part.folder, log)
    if not (todo := list_missing(table, kinds)):
        log("perturbed faces are scored already")
        return
    model = load_trained(trial, resources.machine)
    bags, read = part.data.bags(Split.TEST, part.manipulations), resources.faces(part.data)
    constant = {"run_id": trial.folder.name, "method": trial.config.method, "dataset": part.data.name}
    for number, (kind, level) in enumerate(todo, 1):
        log(f"{kind}, level {level} of {LEVELS[-1]} (pass {number}/{len(todo)})")
        rows = score_bags(model, bags, read, kind, level).assign(**constant)[PERTURBED_SCORE.names]
        others = table[(table["kind"] != kind) | (table["level"] != level)]
        table = _in_order(pd.concat([others, rows], ignore_index=True) if len(others) else rows)
        write_perturbed(part.folder, table)


def _read_scored(folder: Path, log: Log) -> pd.DataFrame:
    """Reads what is scored already; a table that is lost or damaged is begun anew."""
    try:
        return read_perturbed(folder)
    except DamagedTableError as error:
        log(f"{error.what}; it is scored again")
        empty: pd.DataFrame = PERTURBED_SCORE.empty_table().to_pandas()
        return empty


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sorts rows by kind and level, in whichever order they were asked for."""
    place = [list(KINDS).index(kind) * len(LEVELS) + level for kind, level in table[["kind", "level"]].to_numpy()]
    return table.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)


def list_missing(scored: pd.DataFrame, kinds: Sequence[str]) -> list[Cell]:
    """Lists kinds and levels that are not scored yet, or were scored with another amount."""
    there = set(scored[["kind", "level", "amount"]].itertuples(index=False, name=None))
    wanted = [(kind, level) for kind in kinds for level in LEVELS]
    return [(kind, level) for kind, level in wanted if (kind, level, KINDS[kind].amounts[level - 1]) not in there]


def load_trained(trial: Trial, machine: Machine) -> Model:
    """Loads the detector that a finished trial trained; no other weights are fetched.

    Raises:
        ManifestError: its weights are lost or damaged.
    """
    config = replace(trial.config, pretrained=False, weights_sha256="")
    detector = make_untrained(config)
    load_weights(detector, trial.folder / BEST)
    return Model.place(detector, config, machine)


def score_bags(model: Model, bags: Sequence[BagRecord], read: Read, kind: str, level: int) -> pd.DataFrame:
    """Scores bags with their faces perturbed: PERTURBED_SCORE rows without a run's name.

    A video without a face is undecided, as in the scores of the test set. One that could not be
    built has no row.
    """
    chosen = [bag for bag in bags if bag.crops]
    found = predict(model, BagDataset(read, chosen, forge=Perturbation(kind, level)))
    score = {one.record.bag_id: expit(one.video_logit) for one in found}
    score |= {bag.bag_id: NO_FACE_SCORE for bag in bags if bag.faceless}
    about = {"kind": kind, "level": level, "amount": KINDS[kind].amounts[level - 1] if level else 0.0}
    rows = [
        {name: getattr(bag, name) for name in _OF_A_BAG} | {"y_true": bag.label, "score": score[bag.bag_id]} | about
        for bag in bags
        if bag.bag_id in score
    ]
    return pd.DataFrame(rows)
