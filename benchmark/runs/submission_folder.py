"""Submission folder: finds the card and the scores in what somebody hands in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.runs.submission_card import CARD, Card, read_card

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

    Its scores can be checked although its card is wrong; then it has no card and no name.
    """
    if not folder.is_dir():
        return None, [f"{folder}: no folder; give the one with {CARD} in it"]
    card, problems = read_card(folder / CARD)
    scores = [*_find(folder, SCORES_IN)]
    of_val = [*_find(folder, VAL_SCORES_IN)]
    problems += _check_number(folder, SCORES_IN, scores, needed=True)
    problems += _check_number(folder, VAL_SCORES_IN, of_val)
    if not scores:
        return None, problems
    return Candidate(card.method if card else "", folder, scores[0], of_val[0] if of_val else None, card), problems


def _find(folder: Path, stem: str) -> Iterator[Path]:
    return (folder / f"{stem}{ending}" for ending in ENDINGS if (folder / f"{stem}{ending}").exists())


def _check_number(folder: Path, stem: str, found: list[Path], needed: bool = False) -> Iterator[str]:
    if len(found) > 1:
        yield f"{folder}: has {' and '.join(path.name for path in found)}; keep one of them"
    if needed and not found:
        yield f"{folder}: has no scores; write {' or '.join(stem + ending for ending in ENDINGS)}"
