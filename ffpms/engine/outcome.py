"""What an engine is, and what can become of a job."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Job, Result]):
    """A job and its result."""

    job: Job
    result: Result


@dataclass(frozen=True)
class Died(Generic[Job]):
    """A job whose worker ended before the job did."""

    job: Job


Outcome = Done[Job, Result] | Died[Job]


class Engine(Protocol):
    """Yields each job's outcome as it is known, in no fixed order, and takes jobs only as workers come free. What the
    function raises is raised here and ends the rest."""

    def __call__(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], workers: int
    ) -> Iterator[Outcome[Job, Result]]: ...
