"""Processes of Python that begin with torch and this project imported, which takes most of a short command's time."""

import importlib
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from multiprocessing.process import BaseProcess
from pathlib import Path

from ffpms.engine import hide_main

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "ffpms.cli.benchmark.bench",
    "benchmark.bench",
    "benchmark.trials.runner",
    "benchmark.experiments.planning",
    "ffpms.cli.dataset.build",
    "ffpms.builder.build",
    "scipy.optimize",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "torch._dynamo",
)
"""What the first process imports, of which the others are copies; torch's optimisers import the last.

No plugin is looked for yet.
"""


def run_python(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """``python -c CODE`` or ``python -m MODULE ...`` in a process of its own, where a package lies in a folder."""
    given = [str(one) for one in arguments]
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return run_cold(folder, *given)
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / name for name in ("out", "err")]
        process = start_python(folder, files, *given)
        process.join()
        said = [file.read_text(encoding="utf-8") for file in files]
    assert process.exitcode is not None
    return subprocess.CompletedProcess(given, process.exitcode, *said)


def start_python(folder: Path, files: list[Path], *arguments: object) -> BaseProcess:
    """The same, not waited for; its output and its errors go to two files."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    process = context.Process(target=_become, args=(folder, list(map(str, arguments)), files))
    with hide_main():
        process.start()
    return process


def run_cold(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Any ``python ...``, from the start."""
    environment = os.environ | _environment(folder)
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)


def _environment(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(map(str, (folder, ROOT))), "PYTHONDONTWRITEBYTECODE": "1"}


def _become(folder: Path, arguments: list[str], files: list[Path]) -> None:
    """Does in a copied process what Python does with its arguments."""
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(ROOT)
    os.environ.update(_environment(folder))
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(folder), str(ROOT)]
    importlib.invalidate_caches()
    kind, what, *rest = arguments
    sys.argv = [kind, *rest]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
