"""Memory: recognises errors of memory that ran out, and computes in smaller parts after one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ffpms.errors import FfpmsError, on_one_line
from ffpms.progress import Log

T = TypeVar("T")

_SAID = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory", "alloc_failed")
"""What torch says of a GPU (CUDA, ROCm, XPU, MPS), of a CPU (Linux, Windows), and of cuBLAS."""


class ScoringMemoryError(FfpmsError):
    """The smallest part of a scoring pass does not fit into memory."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of a GPU or of the machine; torch has no one class for it.

    Example:
        >>> is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."))
        True
    """
    said = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(phrase in said for phrase in _SAID)
    )


@dataclass(frozen=True, eq=False)
class Parts:
    """The number of rows that scoring computes at a time, halved whenever memory runs out.

    ``limits`` has it by what the rows are; no limit at first. What fits once is kept.
    """

    limits: dict[str, int] = field(default_factory=dict)

    def compute(self, unit: str, n: int, step: Callable[[slice], T], log: Log) -> list[T]:
        """Computes ``n`` rows in as few parts as memory allows; ``log`` hears of the first halving.

        Raises:
            ScoringMemoryError: not even one row fits.
        """
        done: list[T] = []
        start = 0
        while start < n:
            stop = min(n, start + self.limits.get(unit, n))
            try:
                done.append(step(slice(start, stop)))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                reason = on_one_line(error)[:200]
            else:
                start = stop
                continue
            self._halve(unit, stop - start, reason, log)  # the failed step's tensors are free by now
        return done

    def _halve(self, unit: str, size: int, reason: str, log: Log) -> None:
        if size == 1:
            raise ScoringMemoryError(
                f"no memory to score even one of the {unit} ({reason}); the same command goes on after its last"
                " epoch where more memory is free"
            )
        if not self.limits:
            log(f"no memory to score {size} {unit} at a time; goes on with {size // 2}, the scores are the same")
        self.limits[unit] = size // 2
