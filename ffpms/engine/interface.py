"""The interface of an engine, and the two possible outcomes of a job."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
    """A job whose worker process ended before the job did."""

    job: Job


Outcome = Done[Job, Result] | Died[Job]


class Engine(Protocol):
    """Runs a function over jobs in parallel and yields the outcome of each.

    Outcomes come as they are known, in no fixed order. A job is taken only when a worker is free.
    An exception of the function is raised here and ends the remaining jobs.
    """

    def __call__(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], workers: int
    ) -> Iterator[Outcome[Job, Result]]: ...
