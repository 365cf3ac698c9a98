"""Commands on a small disk, which a process mounts for itself alone where the machine lets it."""

import ctypes
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.helpers.warm_process import ROOT, run_python

NEW_USER, NEW_MOUNTS = 0x10000000, 0x00020000
"""Flags of unshare(2)."""
LIMIT_S = 250

Step = str | tuple[object, ...]
"""A line for the shell, or the arguments of ``ffpms``."""


class Done(NamedTuple):
    """What a step left: its exit code, what it printed and its errors."""

    code: int | None
    out: str
    err: str


def on_a_small_disk(disk: Path, size: str, *steps: Step) -> list[Done]:
    """Runs steps where ``disk`` is a disk of that size, each command of ffpms as a process of its own."""
    disk.mkdir()
    plain = [step if isinstance(step, str) else [str(one) for one in step] for step in steps]
    mount = f"mount -t tmpfs -o size={size} none {disk}"
    done = run_python(ROOT, "-c", f"from tests.helpers.small_disk import run_steps; run_steps({[mount, *plain]!r})")
    assert done.returncode == 0, done.stderr
    mounted, *left = (Done(*one) for one in json.loads(done.stdout))
    assert mounted.code == 0, mounted.err
    return left


def run_steps(steps: list[str | list[str]]) -> None:
    """Prints what each step left, as JSON."""
    enter_own_mounts()
    print(json.dumps([run_shell(step) if isinstance(step, str) else run_ffpms(step) for step in steps]))


def enter_own_mounts() -> None:
    """Gives this process mounts that no other sees, as ``unshare --user --map-root-user --mount`` does."""
    user, group = os.getuid(), os.getgid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(NEW_USER | NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path(f"/proc/self/{name}").write_text(text)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def run_shell(line: str) -> Done:
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    return Done(done.returncode, done.stdout, done.stderr)


def run_ffpms(arguments: list[str]) -> Done:
    """Runs the command in a copy of this process, which has imported what it needs."""
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / name for name in ("out", "err")]
        process = multiprocessing.get_context("fork").Process(target=_ffpms, args=(arguments, files))
        process.start()
        process.join(LIMIT_S)
        process.kill()
        process.join()
        return Done(process.exitcode, *(file.read_text(encoding="utf-8") for file in files))


def _ffpms(arguments: list[str], files: list[Path]) -> None:
    from ffpms.cli import main

    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["ffpms", *arguments]
    main()
