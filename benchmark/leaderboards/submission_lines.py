"""Lines on submissions: whose they are, what they learnt from, and what a reader will miss."""

from collections.abc import Iterator, Sequence

from benchmark.leaderboards.groups import Group
from benchmark.leaderboards.labels import factor_out
from benchmark.runs.submissions.card import Card
from benchmark.runs.submissions.scores import Submission
from benchmark.stats.comparison import LEAST_SEEDS

_MARKS = {
    "trained on more data": "it learnt from the train split of the set and from other data",
    "trained on other data": "it did not learn from the train split of the set",
}
"""What the marks of labels mean."""


def explain_submissions(groups: Sequence[Group]) -> list[str]:
    """Explains each submission in a line, and then each mark that a label has."""
    lines = []
    for table in dict.fromkeys(group.table for group in groups):
        own = [group for group in groups if group.table == table]
        names, _ = factor_out([group.method for group in own])
        lines += [f"{names[group.method]}: {describe_card(group.card)}" for group in own if group.card]
    return list(dict.fromkeys([*lines, *explain_marks(groups)]))


def explain_marks(groups: Sequence[Group]) -> list[str]:
    """Explains each mark of a training on other data that a label has."""
    found = {group.card.mark for group in groups if group.card}
    return [f"[{mark}]: {meaning}. Compare such a row with care." for mark, meaning in _MARKS.items() if mark in found]


def describe_card(card: Card) -> str:
    """Describes a submission in one line: title, authors, address, training, choice, licence."""
    own = card.configuration
    chosen = f"{own['chosen']} on {own['chosen_on']}" if own.get("chosen") else f"on {own['chosen_on']}"
    whose = f"{card.title}, {f'by {card.authors}' if card.authors else 'authors not stated'}"
    whose += f", {card.url}" if card.url else ""
    return f"{whose}. Trained on: {own['trained_on']}. Chosen: {chosen}. Licence of the scores: {card.licence}."


def find_shortcomings(card: Card, test: Submission) -> Iterator[str]:
    """Finds what is no error in a submission, and what its author may want to know beforehand."""
    if card.unstated:
        yield f"its card does not state {', '.join(card.unstated)}"
    if (n := len(test.seeds)) < LEAST_SEEDS:
        trainings = "1 training (seed)" if n == 1 else f"{n} trainings (seeds)"
        yield f"has {trainings}; with fewer than {LEAST_SEEDS} no difference from another method is tested"
    own, most = card.configuration.get("frames", 0), int(test.truth.frames.groupby("bag_id")["slot"].nunique().max())
    if own > most:
        yield f"its card states {own} frames of a video, and the set has {most}"
