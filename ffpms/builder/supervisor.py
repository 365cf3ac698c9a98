"""Supervisor: runs all target jobs and retries those whose worker process died."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ffpms.engine import Died, Engine
from ffpms.engine.watchdog import WorkerNote, read_note
from ffpms.errors import ConfigError, FfpmsError
from ffpms.extraction.shards import note_path, read_shard, remove_shard
from ffpms.extraction.target import run_job
from ffpms.extraction.target_job import TargetJob, TargetResult

_MAX_DELAY_S = 60.0
"""Seconds that a network file system may need to show what another machine has written."""

_N_SUSPICIOUS = 3
"""Number of targets that fail alike before the installation is suspected."""
_INSTALL = "install it in a fresh venv with its constraints.txt, or report it"


def run_targets(jobs: Iterable[TargetJob], engine: Engine, workers: int) -> Iterator[TargetResult]:
    """Builds every target and yields its result once it is done.

    A target whose worker died is built again. Its file is then skipped if it took too long, or if
    two workers died while they processed it.

    Raises:
        FfpmsError: a worker dies again, and no file is left that it could have died of.
    """
    deaths: Counter[tuple[str, str]] = Counter()
    while jobs:
        again: list[TargetJob] = []
        for outcome in engine(run_job, jobs, workers):
            if isinstance(outcome, Died):
                again.append(_after_death(outcome, deaths))
            else:
                yield outcome.result
        jobs = again


def stop_if_all_fail(out: Path, results: Iterable[TargetResult], n_jobs: int) -> Iterator[TargetResult]:
    """Passes results on, and stops where the first ones all end with the same unexpected error.

    What fails everywhere is not the videos' fault. Their shards are removed, to be made again.

    Raises:
        ConfigError: that is so.
    """
    first = list[TargetResult]()
    enough = max(2, min(_N_SUSPICIOUS, n_jobs))
    for result in results:
        yield result
        if len(first) == enough:
            continue
        first.append(result)
        kinds = {_kind(one) for one in first}
        if len(first) == enough and len(kinds) == 1 and "" not in kinds:
            for failed in first:
                remove_shard(out, failed.target_id)
            what = f"the first {enough} targets all fail alike (unexpected {result.unexpected})"
            raise ConfigError(f"{what}: not the videos but the installed packages are at fault, or ffpms; {_INSTALL}")


def _kind(result: TargetResult) -> str:
    """The type of a result's unexpected error; its text may name a video."""
    return result.unexpected.partition(":")[0]


def _after_death(died: Died[TargetJob], deaths: Counter[tuple[str, str]]) -> TargetJob:
    """Returns the job for the next attempt.

    If the note names no file, any file of the job may be the cause.
    """
    job = died.job
    path = note_path(job.out, job.target_id)
    note = read_note(path, died.cause)
    path.unlink(missing_ok=True)
    deaths[job.target_id, note.path] += 1
    if deaths[job.target_id, note.path] == 1 and not note.timed_out:
        return job
    paths = {source.path for source in job.sources}
    suspects = {note.path} & paths or paths
    if suspects <= job.skipped.keys():
        raise FfpmsError(f"{job.out}: every worker dies at target {job.target_id} ({note.crash}); use fewer --workers")
    return replace(job, skipped={**job.skipped, **dict.fromkeys(suspects, _reason(note, job.time_limit_s))})


def _reason(note: WorkerNote, limit_s: float) -> str:
    if note.timed_out:
        return f"took longer than {limit_s:g} s; give --retry-failed and a higher --time-limit"
    return (
        f"ended its worker twice ({note.crash}): damaged, or no memory left; use fewer --workers, then --retry-failed"
    )


def await_shards(out: Path, targets: Iterable[str], timeout_s: float = _MAX_DELAY_S) -> None:
    """Waits until this machine sees every shard that others have written.

    Raises:
        FfpmsError: some do not appear; they are on another machine's disk.
    """
    deadline = time.monotonic() + timeout_s
    while unseen := [target for target in targets if read_shard(out, target) is None]:
        if time.monotonic() > deadline:
            raise FfpmsError(
                f"{out}: {len(unseen)} targets were written elsewhere; give an --out that all machines share"
            )
        time.sleep(min(1.0, timeout_s))
        list((out / "crops").iterdir())  # makes a network file system refresh its listing
