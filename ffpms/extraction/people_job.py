"""Job of a worker of ``ffpms predict``: the people of one video, with their crops in a file."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import SEEK_SET, BufferedWriter, FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

from ffpms.engine.interface import KILLED
from ffpms.engine.watchdog import read_note, watched
from ffpms.errors import ConfigError, StorageError, writing
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.faces.detection import FaceFinder, make_finder
from ffpms.extraction.people import CropGeometry, FoundPeople, find_people_in
from ffpms.extraction.sampling import Sampling

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TIME_LIMIT_S = 600.0
"""Seconds without a sign of life after which a file is given up."""


@dataclass(frozen=True)
class PeopleJob:
    """A video to look at, and the file that its crops go to; a note beside it tells of a crash."""

    path: Path
    crops: Path
    sampling: Sampling
    geometry: CropGeometry
    time_limit_s: float = TIME_LIMIT_S

    @property
    def note(self) -> Path:
        """File that a dead worker leaves."""
        return self.crops.with_suffix(".note")


def run_people_job(job: PeopleJob) -> FoundPeople:
    """Finds the people of one video in a worker, which the watchdog ends if it hangs.

    Raises:
        StorageError: the crops cannot be written.
        ConfigError: the face detector is not installed.
    """
    with watched(job.note, job.time_limit_s) as begin_file:
        return find_job_people(job, lambda: begin_file(job.crops.name))


def find_job_people(job: PeopleJob, alive: Callable[[], None] = lambda: None) -> FoundPeople:
    """Finds the people of one video; whatever is wrong with the file is a status, no exception.

    ``alive`` is called again and again. Raises what :func:`run_people_job` does.
    """
    try:
        with _thread_pools().limit(limits=1):
            return _find(job, alive)
    except (ConfigError, StorageError):
        raise
    except MemoryError:
        return FoundPeople(FileStatus.UNREADABLE, "not enough memory; give fewer --workers")
    except Exception as error:  # one video must not stop a folder of thousands
        return FoundPeople(FileStatus.UNREADABLE, f"unexpected {type(error).__name__}: {error}; please report it")


def explain_death(job: PeopleJob, cause: str) -> FoundPeople:
    """Says of a file whose worker died how it ended."""
    note = read_note(job.note, cause)
    job.note.unlink(missing_ok=True)
    if note.timed_out:
        reason = f"gave no frame for {job.time_limit_s:.0f} s; encode it anew"
    elif note.crash == KILLED:
        reason = "its worker was killed, out of memory?; give fewer --workers"
    else:
        reason = f"crashes the decoder ({note.crash}); encode it anew"
    return FoundPeople(FileStatus.UNREADABLE, reason)


def _find(job: PeopleJob, alive: Callable[[], None]) -> FoundPeople:
    alive()
    with _CropFile(job.crops) as file:
        return find_people_in(job.path, job.sampling, job.geometry, _finder(job.geometry.finder), file, alive)


class _CropFile(BufferedWriter):
    """A file for crops: what its disk refuses is never the fault of a video."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            super().__init__(FileIO(path, "wb"))

    def write(self, crop: "ReadableBuffer") -> int:
        with writing(self._path):
            return super().write(crop)

    def seek(self, place: int, whence: int = SEEK_SET) -> int:
        with writing(self._path):
            return super().seek(place, whence)

    def flush(self) -> None:
        with writing(self._path):
            super().flush()


@cache
def _finder(name: str) -> FaceFinder:
    return make_finder(name)


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()
