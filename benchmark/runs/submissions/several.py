"""Several submissions beside each other: finds names and scores that two of them share."""

from collections.abc import Iterable, Iterator

from benchmark.runs.submissions.card import CARD
from benchmark.runs.submissions.folder import Candidate
from benchmark.runs.submissions.scores import Submission

ReadSubmission = tuple[Candidate, Submission | None]
"""A candidate and its scores of the test bags; None where something is wrong with them."""


def find_repeated(read: Iterable[ReadSubmission]) -> Iterator[str]:
    """Finds submissions of a method that another has already, in small letters or capitals.

    Each name is a row, so that a newcomer must not rename that of somebody else.
    """
    first: dict[str, ReadSubmission] = {}
    for candidate, test in read:
        before, scores = first.setdefault(candidate.name.lower(), (candidate, test))
        if before is candidate or not candidate.name:
            continue
        if test and scores and test.sha256 == scores.sha256:
            what = f"has the method and the scores of {before.place}"
            yield f"{candidate.place}: {what}; leave one of the two away"
        else:
            what = f"{candidate.name} already is that of {before.place / CARD}"
            yield f"{candidate.place / CARD}: method: {what}; take another name"


def find_copies(read: Iterable[ReadSubmission]) -> Iterator[str]:
    """Finds submissions with the scores of another method's."""
    first: dict[str, Candidate] = {}
    for candidate, test in read:
        before = first.setdefault(test.sha256, candidate) if test else candidate
        if before is not candidate:
            yield f"{candidate.place}: has the same scores as {before.place}"
