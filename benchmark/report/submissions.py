"""Submissions on the page: whose scores a row has, and how they were made, as their card says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.leaderboards.groups import Group
from benchmark.runs.submissions.card import Card
from benchmark.runs.submissions.card_keys import OF_THE_CONFIGURATION


@dataclass(frozen=True)
class SubmissionView:
    """A submission: the label of its row, its card, and the configuration as words."""

    label: str
    card: Card
    rows: list[tuple[str, str]]


def list_submissions(groups: Sequence[Group]) -> list[SubmissionView]:
    """Lists the rows that came with a card."""
    return [SubmissionView(group.method, group.card, [*_describe(group.card)]) for group in groups if group.card]


def _describe(card: Card) -> Iterator[tuple[str, str]]:
    """Yields each key of the configuration that says something, in the order of the schema."""
    yield "date", str(card.content["date"])
    yield "licence of the scores", card.licence
    for key in OF_THE_CONFIGURATION:
        if text := _text(card.configuration.get(key, "")):
            yield key.replace("_", " "), text


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).strip()
