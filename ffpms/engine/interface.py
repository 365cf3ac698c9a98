"""The interface of an engine, and the two possible outcomes of a job."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Job, Result]):
    """A job that ended, with its result."""

    job: Job
    result: Result


@dataclass(frozen=True)
class Died(Generic[Job]):
    """A job whose worker process ended before the job did, and how it ended."""

    job: Job
    cause: str = field(default="", compare=False)


KILLED = "killed; out of memory?"
"""How a worker ended that the system killed, as it does where memory is short."""


def advise(cause: str) -> str:
    """Says what to do about a worker that ended so."""
    if cause == KILLED:
        return "free some memory or give fewer --workers"
    return "what it wrote to standard error says why"


Outcome = Done[Job, Result] | Died[Job]


class Engine(Protocol):
    """Runs a function over jobs in parallel and yields the outcome of each.

    Outcomes come as they are known, in no fixed order. A job is taken only when a worker is free.
    An exception of the function is raised here and ends the remaining jobs.
    """

    def __call__(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], workers: int
    ) -> Iterator[Outcome[Job, Result]]: ...
