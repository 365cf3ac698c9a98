"""The engine of this machine: runs a function over jobs in worker processes.

There is one pipe per worker, so that a worker that dies cannot block the others.
"""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, Generic

from ffpms.engine.interface import KILLED, Died, Done, Job, Outcome, Result, advise
from ffpms.errors import FfpmsError

_MAX_FAILED_STARTS = 3
_SIGKILL = 9
"""Its number; Windows has no name for it."""
_PATIENCE_S = 10.0
"""Seconds in which a process ends that has closed its pipe."""
_MAIN_HIDDEN = threading.Lock()


def on_processes(
    function: Callable[[Job], Result], jobs: Iterable[Job], workers: int
) -> Iterator[Outcome[Job, Result]]:
    """Runs a function over jobs in worker processes: the engine ``local``.

    Raises:
        FfpmsError: worker processes die before they can begin.
    """
    queue = iter(jobs)
    running: list[_Worker[Job, Result]] = []
    try:
        running.extend(_Worker(function, job) for job in islice(queue, workers))
        while running:
            speaking = wait([worker.line for worker in running])
            for worker in [w for w in running if w.line in speaking]:
                outcome = worker.listen()
                if outcome is None:
                    continue
                following = list(islice(queue, 1))
                if following:
                    worker.give(following[0])
                else:
                    running.remove(worker)
                    worker.end()
                yield outcome
    finally:
        for worker in running:
            worker.end()


class _Worker(Generic[Job, Result]):
    """A process that does one job at a time. It is started again when it dies."""

    line: Connection

    def __init__(self, function: Callable[[Job], Result], job: Job) -> None:
        self._function, self._failed_starts = function, 0
        self._start()
        self.give(job)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, far_end = context.Pipe()  # type: ignore[assignment, unused-ignore]  # Windows has its own kind
        self._process = context.Process(target=_serve, args=(self._function, far_end), daemon=True)
        with defer_sigint(), hide_main():
            self._process.start()
        far_end.close()
        self._has_begun = False

    def give(self, job: Job) -> None:
        """Sends a job to the process, a new one if the old one died."""
        if self.line.closed:
            self._start()
        self._job = job
        with suppress(ConnectionError):  # listen() notices that it died
            self.line.send(job)

    def listen(self) -> Outcome[Job, Result] | None:
        """Waits for the outcome of the job; None if the process has only just begun or restarted.

        Raises:
            FfpmsError: the process dies each time before it can begin.
        """
        try:
            answer = self.line.recv()
        except (EOFError, OSError):  # also in the middle of an answer
            return self._on_death()
        if not self._has_begun:
            self._has_begun, self._failed_starts = True, 0
            return None
        succeeded, value = answer
        if not succeeded:
            raise value
        return Done(self._job, value)

    def _on_death(self) -> Died[Job] | None:
        self._process.join(_PATIENCE_S)
        cause = describe_end(self._process.exitcode)
        self.end()
        if self._has_begun:
            return Died(self._job, cause)
        self._failed_starts += 1
        if self._failed_starts == _MAX_FAILED_STARTS:
            raise FfpmsError(f"worker processes die at their start ({cause}); {advise(cause)}")
        self.give(self._job)
        return None

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.line.close()


def describe_end(code: int | None) -> str:
    """Says how a worker process ended, by its exit code.

    Example:
        >>> describe_end(-9), describe_end(-11), describe_end(1)
        ('killed; out of memory?', 'SIGSEGV', 'exit code 1')
    """
    if code is None or code >= 0:
        return f"exit code {code}"
    return KILLED if code == -_SIGKILL else {s.value: s.name for s in signal.Signals}.get(-code, f"signal {-code}")


@contextmanager
def defer_sigint() -> Iterator[None]:
    """Delays Ctrl-C until a process has started, and keeps it from that process.

    A terminal sends Ctrl-C to all processes. The one started here inherits a mask and never hears
    it; its parent ends it, without a traceback. Any thread of the parent may hear it, so that a
    handler notes it until the start is over.
    """
    heard: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()  # no other may set a handler
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number)) if is_main else None
    try:
        with _mask_sigint():
            yield
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if heard:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _mask_sigint() -> Iterator[None]:
    """Blocks Ctrl-C for this thread and for a process that it starts, where the system can."""
    if sys.platform == "win32":
        yield
    else:
        resource_tracker.ensure_running()  # its start would lift the mask that follows
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def hide_main() -> Iterator[None]:
    """Keeps a process started here from running the caller's script, as ``spawn`` does first.

    A script without a ``__main__`` guard would start its workers again in each worker. Jobs and
    their functions are found by their modules, and need nothing of the script. One thread at a time
    may do so: a second one would take the stand-in for the script, and leave it there.
    """
    with _MAIN_HIDDEN:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _serve(function: Callable[[Job], Result], line: Connection) -> None:
    """Runs a worker: it says that it has begun, then does each job it is given."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    line.send(None)
    while True:
        line.send(_answer(function, line.recv()))


def _end_with_parent() -> None:
    """Ends this worker as soon as its parent was killed.

    Otherwise it would finish its job and then wait for ever.
    """
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _answer(function: Callable[[Job], Result], job: Job) -> tuple[bool, Any]:
    """Returns True and the result, or False and the error with its traceback as a note."""
    try:
        return True, function(job)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return False, error
