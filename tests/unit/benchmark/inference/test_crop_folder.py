"""Folder for crops of people: nothing of it outlives a prediction, nor the next one after a kill."""

import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from benchmark.inference.crop_folder import LOCK, crop_folder
from ffpms import storage
from ffpms.errors import StorageError

KILLED = """
import os, signal
from benchmark.inference.crop_folder import crop_folder
with crop_folder() as folder:
    (folder / "0.faces").write_bytes(b"a face")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders for temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder, (then, then))


def make_faces(folder: Path, lock: bool = False) -> None:
    folder.mkdir()
    (folder / "0.faces").write_bytes(b"a face")
    if lock:
        (folder / LOCK).touch()


def test_nothing_is_left(place: Path) -> None:
    def fail() -> None:
        with crop_folder() as folder:
            (folder / "0.faces").write_bytes(b"a face")
            raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        fail()
    assert list(place.iterdir()) == []


def test_the_next_one_removes_what_a_killed_process_left(place: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], env=os.environ | {"TMPDIR": str(place)}, check=False)
    assert done.returncode == -9
    (left,) = place.iterdir()
    assert (left / "0.faces").is_file()
    age(left, 60)
    with crop_folder() as folder:
        assert list(place.iterdir()) == [folder]


def test_no_folder_that_takes_files_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """So says Python where every disk that it knows of is full."""

    def fail() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(storage, "gettempdir", fail)
    with (
        pytest.raises(StorageError, match=r"^No usable temporary .* in \['/tmp'\]; free some"),
        crop_folder(),
    ):
        pytest.fail("there is no folder")


def test_what_is_in_use_or_may_be_stays(place: Path) -> None:
    with crop_folder() as other:
        age(other, 3600)
        make_faces(place / "ffpms-predict-begun", lock=True)
        make_faces(place / "ffpms-predict-older-version")
        make_faces(place / "mine")
        (place / "ffpms-predict-link").symlink_to(place / "mine")
        (place / "ffpms-predict-file").touch()
        before = sorted(place.iterdir())
        with crop_folder() as folder:
            assert sorted({*place.iterdir()} - {folder}) == before
        age(place / "ffpms-predict-begun", 60)
        age(place / "ffpms-predict-older-version", 2 * 24 * 3600)
        with crop_folder():
            assert not (place / "ffpms-predict-begun").exists()
            assert not (place / "ffpms-predict-older-version").exists()
            assert (place / "mine" / "0.faces").is_file()
            assert other.is_dir()
