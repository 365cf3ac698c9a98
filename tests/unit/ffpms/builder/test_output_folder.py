"""The output folder of a build: what a kill leaves in it does not keep the next build out."""

import os
import socket
from pathlib import Path

import pytest

from ffpms.builder.output_folder import OutputFolder
from ffpms.errors import ConfigError
from ffpms.locks import LOCK


def test_a_report_that_a_kill_left_half_written_is_no_foreign_file(tmp_path: Path) -> None:
    half = tmp_path / "build.json.4711-0a1b2c3d.partial"
    for path in (half, tmp_path / LOCK, tmp_path / ".lock.owner", tmp_path / ".lock.owner.47-0a1b2c3d.partial"):
        path.touch()
    folder = OutputFolder(tmp_path, {"limit": None}, tmp_path / "tree")
    assert not folder.is_complete()
    with folder.claim():
        assert {path.name for path in tmp_path.iterdir()} == {LOCK, ".lock.owner", "build.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["build.json"]
    (tmp_path / "notes.partial").touch()
    (tmp_path / "build.json").unlink()
    with pytest.raises(ConfigError, match="holds something else"):
        folder.is_complete()


def test_the_locked_file_is_never_written_so_that_windows_can_say_who_builds(tmp_path: Path) -> None:
    """There nobody can read it, nor can its own process write it by its name."""
    folder = OutputFolder(tmp_path, {"limit": None}, tmp_path / "tree")
    with folder.claim():
        assert not (tmp_path / LOCK).read_bytes()
        with pytest.raises(ConfigError, match=rf"process {os.getpid()} on {socket.gethostname()} is building in it"):
            folder.claim().__enter__()
    with folder.claim():
        pass
