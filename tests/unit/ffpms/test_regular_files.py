"""Nothing is opened but files: a pipe in the place of one is a line, not an endless wait."""

import ast
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from benchmark.runs.submissions.scores import read_submission
from benchmark.training import checkpoint, stored_weights
from benchmark.training.weights import hash_weights, read_weights
from ffpms.dataset.set_files import read_report
from ffpms.errors import FfpmsError
from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.shards import read_shard
from ffpms.hashing import file_digest
from ffpms.protocol.splits import read_pairs
from ffpms.regular_files import open_file, read_bytes, read_text
from tests.conftest import Command, Patience

ROOT = Path(__file__).parents[3]


def make(path: Path, kind: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            os.chdir(path.parent)  # the path of a socket must be short
            listener.bind(path.name)
    else:
        path.mkdir()
    return path


@pytest.mark.parametrize(("kind", "named"), [("pipe", "a pipe"), ("folder", "a folder"), ("socket", "a device or")])
@pytest.mark.parametrize("read", [open_file, read_bytes, read_text, file_digest])
def test_only_files_are_opened(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    patience: Patience,
    kind: str,
    named: str,
    read: Callable[[Path], object],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = make(tmp_path / "x", kind)
    with patience(5), pytest.raises(IsADirectoryError, match=named) as caught:
        read(path)
    assert (caught.value.errno, caught.value.filename) == (errno.EISDIR, str(path))


def read_directory_of(read: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: read(path.parent)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("build.json", read_directory_of(read_report)),
        ("train.json", read_directory_of(read_pairs)),
        ("scores.csv", read_submission),
        ("w.safetensors", read_weights),
        ("w.pth", read_weights),
        ("w.pth", hash_weights),
        ("000.mp4", probe),
        ("best.safetensors", lambda path: stored_weights.load_weights(nn.Linear(1, 1), path)),
        ("best.safetensors.next", lambda path: checkpoint.publish(path.parent, checkpoint.TrainingState())),
    ],
)
def test_each_reader_says_what_is_there_instead(
    tmp_path: Path, patience: Patience, name: str, kind: str, read: Callable[[Path], object]
) -> None:
    path = make(tmp_path / name, kind)
    with patience(5), pytest.raises(FfpmsError, match=f"{name}: .*a {kind}, no file") as caught:
        read(path)
    assert "not found" not in str(caught.value)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_made_again_is_not_read(tmp_path: Path, patience: Patience, kind: str) -> None:
    make(tmp_path / "crops" / "007" / "shard.json", kind)
    make(tmp_path / "history.csv", kind)
    with patience(5):
        assert read_shard(tmp_path, "007") is None
        assert not checkpoint.is_trained(tmp_path, 1)
        assert checkpoint.find_last(tmp_path, 1) is None


def test_a_pipe_as_configuration_is_refused(ffpms: Command, tmp_path: Path, patience: Patience) -> None:
    with patience(20):
        result = ffpms("leaderboard", tmp_path, "--config", make(tmp_path / "c.toml", "pipe"))
    assert "c.toml: cannot be read (a pipe, no file)" in result.stderr


_OWN = {
    "ffpms/regular_files.py": "is the one place that opens files",
    "ffpms/machine/cgroups.py": "reads files of the system",
    "ffpms/minicorpus/head_mesh.py": "reads a file of the package",
    "ffpms/protocol/v1_manifest.py": "reads files of the package",
    "benchmark/leaderboards/paper.py": "reads a file of the package",
    "benchmark/trials/method_code.py": "reads source code that was imported",
    "ffpms/cli/completion.py": "reads files of the package",
    "ffpms/html/page.py": "reads files of the package",
    "ffpms/engine/watchdog.py": "reads and writes a note of its own making",
}
"""Who opens files without a look, and why it may."""


def opens_unseen(path: Path) -> list[str]:
    """The lines of a module that open a path for reading which nobody looked at."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    methods = [(node, node.func.attr) for node in calls if isinstance(node.func, ast.Attribute)]
    modes = {node: [one.value for one in node.args if isinstance(one, ast.Constant)] for node, _ in methods}
    opened = [n for n, name in methods if name in ("read_text", "read_bytes") or (name == "open" and "rb" in modes[n])]
    return [f"{path.relative_to(ROOT)}:{node.lineno}" for node in opened]


def test_no_module_opens_what_nobody_looked_at() -> None:
    modules = [m for package in ("ffpms", "benchmark", "detectors") for m in sorted((ROOT / package).rglob("*.py"))]
    found = [line for module in modules if str(module.relative_to(ROOT)) not in _OWN for line in opens_unseen(module)]
    assert found == []
