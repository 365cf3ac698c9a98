"""Runs all target jobs and retries those whose worker process died."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ffpms.engine import Died, Engine
from ffpms.engine.watchdog import LastWords, last_words
from ffpms.errors import FfpmsError
from ffpms.extraction.shards import note_path, read_shard
from ffpms.extraction.target import TargetJob, run_job

_MAX_DELAY_S = 60.0
"""For how long a network file system may go on not showing what another machine has written."""


def run_targets(jobs: Iterable[TargetJob], engine: Engine, workers: int) -> Iterator[str]:
    """Builds every target; yields its id once it is done. A target whose worker died is done again, without a file that
    took too long or that two workers died at.

    Raises:
        FfpmsError: a worker dies again with nothing left that it could have died of.
    """
    deaths: Counter[tuple[str, str]] = Counter()
    while jobs:
        again: list[TargetJob] = []
        for outcome in engine(run_job, jobs, workers):
            if isinstance(outcome, Died):
                again.append(_after_death(outcome.job, deaths))
            else:
                yield outcome.result
        jobs = again


def _after_death(job: TargetJob, deaths: Counter[tuple[str, str]]) -> TargetJob:
    """The job as it is to be done again; a worker at no file at all may have died of any."""
    note = note_path(job.out, job.target_id)
    words = last_words(note)
    note.unlink(missing_ok=True)
    deaths[job.target_id, words.path] += 1
    if deaths[job.target_id, words.path] == 1 and not words.took_too_long:
        return job
    paths = {source.path for source in job.sources}
    culprits = {words.path} & paths or paths
    if culprits <= job.given_up.keys():
        raise FfpmsError(f"{job.out}: every worker dies at target {job.target_id} ({words.crash}); use fewer --workers")
    return replace(job, given_up={**job.given_up, **dict.fromkeys(culprits, _reason(words, job.time_limit_s))})


def _reason(words: LastWords, limit_s: float) -> str:
    if words.took_too_long:
        return f"took longer than {limit_s:g} s; give --retry-failed and a higher --time-limit, or download it again"
    return f"ended its worker twice ({words.crash}); download it again or use fewer --workers, then --retry-failed"


def await_shards(out: Path, targets: Iterable[str], patience_s: float = _MAX_DELAY_S) -> None:
    """Waits until this machine sees every shard that others have written.

    Raises:
        FfpmsError: some do not appear; they are on another machine's disk.
    """
    deadline = time.monotonic() + patience_s
    while unseen := [target for target in targets if read_shard(out, target) is None]:
        if time.monotonic() > deadline:
            raise FfpmsError(
                f"{out}: {len(unseen)} targets were written elsewhere; give an --out that all machines share"
            )
        time.sleep(min(1.0, patience_s))
        list((out / "crops").iterdir())  # makes a network file system look again
