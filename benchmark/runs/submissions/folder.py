"""Submission folder: finds the card and the scores in what somebody hands in."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.runs.submissions.card import CARD, Card, read_card
from ffpms.errors import ConfigError

SCORES_IN, VAL_SCORES_IN = "scores", "val_scores"
"""Names of the files of a submission, without their endings."""
ENDINGS = (".parquet", ".csv", ".json")
"""Endings of these files; JSON has proposals."""


@dataclass(frozen=True)
class Candidate:
    """What is to be checked: the name of a method, its files of scores and, if any, its card.

    ``place`` is the folder of a submission, or the file of scores where there is none.
    """

    name: str
    place: Path
    scores: Path
    val_scores: Path | None = None
    card: Card | None = None


def find_candidate(folder: Path) -> tuple[Candidate | None, list[str]]:
    """Finds the files of a submission, and says all that is wrong with its folder and card.

    Its scores can be checked although its card is wrong; then it has no card and no name. Links are
    not followed: what they lead to is not handed in, and may lie anywhere.
    """
    if folder.is_symlink():
        return None, [f"{folder}: is a link; put the folder itself there"]
    if not folder.is_dir():
        return None, [f"{folder}: no folder; give the one with {CARD} in it"]
    scores, of_val = [*_find(folder, SCORES_IN)], [*_find(folder, VAL_SCORES_IN)]
    links = [path for path in (folder / CARD, *scores, *of_val) if path.is_symlink()]
    problems = [f"{path}: is a link; put the file itself there" for path in links]
    card, wrong = (None, []) if folder / CARD in links else read_card(folder / CARD)
    problems += wrong
    problems += _check_number(folder, SCORES_IN, scores, needed=True)
    problems += _check_number(folder, VAL_SCORES_IN, of_val)
    return _make_candidate(folder, card, scores, of_val), problems


def check_out(out: Path, folder: Path) -> None:
    """Checks that runs and boards are not written among the files of a submission.

    Raises:
        ConfigError: one of the two folders lies in the other, or is it.
    """
    own, theirs = (Path(os.path.realpath(path)) for path in (out, folder))
    what = "is" if own == theirs else "lies in" if theirs in own.parents else "has in it"
    if own == theirs or theirs in own.parents or own in theirs.parents:
        raise ConfigError(f"--out: {out} {what} the submission {folder}; give a folder apart from it")


def _make_candidate(folder: Path, card: Card | None, scores: list[Path], of_val: list[Path]) -> Candidate | None:
    """Makes a candidate of what can be checked; None without scores."""
    own, of_val = ([path for path in paths if not path.is_symlink()] for paths in (scores, of_val))
    if not own:
        return None
    return Candidate(card.method if card else "", folder, own[0], of_val[0] if of_val else None, card)


def _find(folder: Path, stem: str) -> Iterator[Path]:
    """Finds the files of scores, links to nothing too."""
    paths = (folder / f"{stem}{ending}" for ending in ENDINGS)
    return (path for path in paths if path.exists() or path.is_symlink())


def _check_number(folder: Path, stem: str, found: list[Path], needed: bool = False) -> Iterator[str]:
    if len(found) > 1:
        yield f"{folder}: has {' and '.join(path.name for path in found)}; keep one of them"
    if needed and not found:
        yield f"{folder}: has no scores; write {' or '.join(stem + ending for ending in ENDINGS)}"
