"""A worker's job with traps: what decoding a file does is written in ``traps.json`` of the tree."""

import ctypes
import json
import os
import signal
from functools import partial
from pathlib import Path

from ffpms.extraction.decoding.wanted_frames import DECODERS, DecodedFrames, decode_needed
from ffpms.extraction.target import run_job
from ffpms.extraction.target_job import TargetJob, TargetResult


def run_job_with_traps(job: TargetJob) -> TargetResult:
    """As :func:`ffpms.target.run_job`, with a decoder that can be deadly."""
    DECODERS["pyav"] = partial(_decode, job.root)
    return run_job(job)


def _decode(root: Path, path: Path, indices: list[int]) -> DecodedFrames:
    traps = root / "traps.json"
    known = json.loads(traps.read_text()) if traps.is_file() else {}
    trap = known.get(path.relative_to(root).as_posix())
    if trap == "hang":
        ctypes.PyDLL(None).sleep(600)  # holds Python's lock
    if trap == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if trap == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if trap == "kill once":
        traps.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return decode_needed(path, indices)
