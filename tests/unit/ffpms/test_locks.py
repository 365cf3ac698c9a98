"""A lock ends with its process, and says who has it."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from ffpms import locks
from ffpms.errors import StorageError
from ffpms.locks import names_in_work, try_lock, wait_for_lock
from tests.helpers.processes import wait_for

HOLDER = """
import sys, time
from pathlib import Path
from ffpms.locks import try_lock
with try_lock(Path(sys.argv[1])) as owner:
    print(owner or "mine", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that has locked ``a.lock``."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "a.lock")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def test_a_lock_says_who_has_it_and_ends_with_its_process(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with try_lock(tmp_path / "a.lock") as owner:
        assert owner.startswith(f"process {holder.pid} on ")
    with try_lock(tmp_path / "other.lock") as owner:
        assert not owner
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with try_lock(tmp_path / "a.lock") as owner:
        assert not owner


def test_a_lock_is_waited_for(tmp_path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "POLL_S", 0.01)
    told, held = list[str](), list[bool]()

    def wait() -> None:
        with wait_for_lock(tmp_path / "a.lock", told.append):
            held.append(True)

    waiter = threading.Thread(target=wait)
    waiter.start()
    wait_for(lambda: told)
    assert not held
    holder.kill()
    waiter.join()
    assert held
    assert len(told) == 1
    assert f"process {holder.pid}" in told[0]


def test_a_lock_is_released_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="odd"), try_lock(tmp_path / "a.lock"):
        raise ValueError("odd")
    with try_lock(tmp_path / "a.lock") as owner:
        assert not owner


def refuse_locks(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "No locks")

    monkeypatch.setattr("fcntl.flock", refuse)


@pytest.mark.filterwarnings("ignore:flock not supported")
@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
@pytest.mark.parametrize("is_older", [False, True])
def test_without_locks_a_file_stands_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_older: bool
) -> None:
    """An older filelock says that another process has the lock, whatever the file system answers.

    A newer one lets the file itself stand for one, of all errors for ``ENOSYS`` alone.
    """
    refuse_locks(monkeypatch, code)
    if is_older:
        monkeypatch.setattr(locks, "FileLock", OlderFileLock)
    path = tmp_path / "a.lock"
    with try_lock(path) as owner:
        assert owner == ""
        with try_lock(path) as other:
            assert other.startswith(f"process {os.getpid()} on ")
            assert f"(delete {path}.taken if that one has ended)" in other
    with try_lock(path) as owner:
        assert owner == ""


class OlderFileLock(FileLock):
    """As filelock 3.16 is: any error of the system is another's lock."""

    def acquire(self, *_: object, **__: object) -> None:  # type: ignore[override]
        Path(self.lock_file).touch()
        raise Timeout(self.lock_file)


def test_a_file_that_stands_for_a_lock_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_locks(monkeypatch, errno.ENOLCK)
    monkeypatch.setattr(locks, "POLL_S", 0.01)
    monkeypatch.setattr(locks, "LIMIT_S", 0.03)
    told = list[str]()
    with (
        try_lock(tmp_path / "a.lock"),
        pytest.raises(StorageError, match=r"a\.lock: process .*\(delete .*a\.lock\.taken"),
        wait_for_lock(tmp_path / "a.lock", told.append),
    ):
        pytest.fail("there is no lock to be had")
    assert len(told) == 1


def test_a_lock_that_does_not_stay_leaves_nothing_and_names_what_a_kill_would_leave(tmp_path: Path) -> None:
    with try_lock(tmp_path / ".lock", stays=False) as owner:
        assert not owner
        halves = [tmp_path / f"{name}.12-0a1b2c3d.partial" for name in (".lock.owner", "build.json")]
        for half in halves:
            half.touch()
        assert {path.name for path in tmp_path.iterdir()} < {*names_in_work(tmp_path, "build.json")}
    for half in halves:
        half.unlink()
    assert not list(tmp_path.iterdir())


def test_nothing_touches_a_locked_file_as_on_windows_nobody_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There its release removes it, and until then nobody can remove or write it."""
    path, unlink = tmp_path / ".lock", Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if self == path:
            raise PermissionError(errno.EACCES, "is used by another process", str(self))
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    with try_lock(path, stays=False) as owner:
        assert not owner
        assert not path.read_bytes()
    with try_lock(path, stays=False) as owner:
        assert not owner, "it was not released"
