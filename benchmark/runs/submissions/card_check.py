"""Compares the card of a submission with its scores, and with the set that they are of."""

from collections.abc import Iterator
from datetime import date

from benchmark.runs.ground_truth import GroundTruth
from benchmark.runs.submissions.card import Card
from ffpms.protocol.v1_manifest import OFFICIAL


def find_other_set(card: Card, truth: GroundTruth) -> str:
    """Says which other set a card is of; '' if it is of this one, or does not say."""
    name, sha256 = _read_set(card, truth)
    same = truth.sha256.startswith(sha256) if sha256 else name == truth.dataset
    if same or name == truth.dataset in OFFICIAL:
        return ""
    theirs, own = f"{name} {sha256[:8]}".rstrip(), f"{truth.dataset} {truth.sha256[:8]}"
    return f"data: the scores are of {theirs}, and this set is {own}; name theirs with --data"


def find_misfits(card: Card, seeds: tuple[int | None, ...] | None, truth: GroundTruth) -> Iterator[str]:
    """Yields in what a card is not of its set, or of the seeds of its scores if these are known.

    A card of next year passes, for clocks differ.
    """
    name, _ = _read_set(card, truth)
    if name != truth.dataset:
        yield f"data.name: the set of this sha256 is {truth.dataset}, not {name}; correct one of the two"
    if (day := card.content["date"]).year > date.today().year + 1:
        yield f"date: {day} is to come; give the date of the submission"
    stated = card.configuration.get("seeds")
    alone = seeds == (None,) and stated is not None and len(stated) < 2
    if seeds and stated is not None and not alone and tuple(sorted(stated)) != seeds:
        what = f"{stated} are not those of the scores ({name_seeds(seeds)})"
        yield f"configuration.seeds: {what}; correct one of the two"


def _read_set(card: Card, truth: GroundTruth) -> tuple[str, str]:
    return card.data.get("name", truth.dataset), card.data.get("sha256", "")


def name_seeds(seeds: tuple[int | None, ...]) -> str:
    """Names seeds in words.

    Example:
        >>> name_seeds((0, 1)), name_seeds((None,))
        ('seeds 0, 1', 'no seed')
    """
    return "no seed" if seeds == (None,) else f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
