"""Files appear whole or not at all."""

import errno
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ffpms.errors import StorageError
from ffpms.storage import check_writable, remove_partial, whole_file, write_whole


def test_a_reader_sees_the_old_file_or_the_whole_new_one(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.csv", "old\n")
    with whole_file(tmp_path / "a.csv") as file:
        file.write(b"ne")
        file.flush()
        assert (tmp_path / "a.csv").read_bytes() == b"old\n"
        file.write(b"w\n")
    assert (tmp_path / "a.csv").read_bytes() == b"new\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]


def fill_the_disk(path: Path) -> None:
    with whole_file(path) as file:
        file.write(b"ne")
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.csv", "old\n")
    with pytest.raises(StorageError, match=r"a\.csv: No space left on device; free some space"):
        fill_the_disk(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    for name in ("last.ckpt.77-0a1b.partial", "last.ckpt"):
        (tmp_path / name).touch()
    remove_partial(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "last.ckpt"]


def test_what_cannot_be_removed_of_a_killed_process_stays(tmp_path: Path) -> None:
    (tmp_path / "a.1-2.partial" / "inside").mkdir(parents=True)
    remove_partial(tmp_path)
    assert (tmp_path / "a.1-2.partial").is_dir()


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "history.csv").mkdir()
    with pytest.raises(StorageError, match=r"history\.csv: Is a directory; give another path"):
        write_whole(tmp_path / "history.csv", "")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    """Makes a second ``/dev/null``, which may be lost."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


def link_to_a_stream(path: Path) -> None:
    """Makes a link as ``/dev/stdout`` is, to what this process has open."""
    file = os.open(path.with_suffix(".log"), os.O_CREAT | os.O_WRONLY)
    path.symlink_to(f"/proc/self/fd/{file}")


@pytest.mark.skipif(sys.platform != "linux", reason="another system's devices")
@pytest.mark.parametrize("write", [check_writable, lambda path: write_whole(path, "text")])
@pytest.mark.parametrize(
    ("make", "what"),
    [(make_pipe, "a pipe"), (make_device, "a device or socket"), (link_to_a_stream, "the output of a program")],
)
def test_what_is_no_file_is_never_replaced(
    make: Callable[[Path], None], what: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "out"
    make(path)
    before = path.lstat()
    with pytest.raises(StorageError, match=f"out: is {what}, no file; give another path"):
        write(path)
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert not list(tmp_path.glob("*.partial"))


def test_a_link_to_a_file_can_be_replaced_and_so_can_one_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    for name in ("a.csv", "nothing"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(tmp_path / name)
        check_writable(tmp_path / "link")
        write_whole(tmp_path / "link", "new")
    assert (tmp_path / "a.csv").read_text() == ""
    assert (tmp_path / "link").read_text() == "new"
