"""A disk that is full or read-only: one line, exit code 2, and the same command goes on."""

import errno
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Command, Once
from tests.helpers.building import content, flags
from tests.helpers.small_disk import on_a_small_disk
from tests.helpers.tiny_set import make_set

pytestmark = pytest.mark.usefixtures("warm_worker")

REMEDY = "free some space, then run the same command again"
OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount() -> bool:
    """Whether this machine lets us make a small disk of our own."""
    try:
        return not subprocess.run([*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode
    except OSError:
        return False


needs_mount = pytest.mark.skipif(not can_mount(), reason="needs user namespaces with tmpfs")


@needs_mount
@pytest.mark.parametrize(("size", "workers"), [("40k", 1), ("200k", 2), ("400k", 1)])
def test_a_full_disk_loses_nothing(
    tree: Path, tmp_path: Path, reference: dict[str, str], size: str, workers: int
) -> None:
    disk, result = tmp_path / "disk", tmp_path / "result"
    command, room = flags(tree, disk / "data", "--workers", workers), f"mount -o remount,size=50m {disk}"
    first, _, then, _ = on_a_small_disk(disk, size, command, room, (*command, "--quiet"), f"cp -r {disk}/data {result}")
    assert (first.code, first.out) == (2, "")
    assert first.err.startswith(f"Error: {disk / 'data'}")
    assert first.err.endswith(f"No space left on device; {REMEDY}: what is done is kept\n")
    assert first.err.count("\n") == 1
    assert then == (0, "", "")
    assert content(result) == reference


@needs_mount
def test_a_read_only_folder_is_one_line_unless_there_is_nothing_to_do(tree: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    command, ro, rw = flags(tree, disk / "data"), f"mount -o remount,ro {disk}", f"mount -o remount,rw {disk}"
    refused, _, built, _, again = on_a_small_disk(disk, "50m", ro, command, rw, (*command, "--quiet"), ro, command)[1:]
    said = f"Error: {disk / 'data'}: Read-only file system; make it writable or write elsewhere\n"
    assert refused == (2, "", said)
    assert built == (0, "", "")
    assert (again.code, again.err) == (0, "")
    assert again.out.splitlines() == [
        f"{disk / 'data'}: complete already, nothing to do (--retry-failed does 0 failed again)",
        "Minicorpus-10-custom: it is rendered, so its numbers say nothing about deepfakes; "
        "videos of 24-27 frames are not the corpus's 60-90; its split files are not those of its tree",
    ]


@pytest.fixture(scope="module")
def data(once: Once) -> Path:
    """A set that is learned from in a moment."""
    return once("tiny-data", make_set)


BENCH = ("--methods", "s-mil,xn-avg", "--backbone", "tiny", "--epochs", 2, "--threads", 1)


@needs_mount
@pytest.mark.parametrize("size", ["180k", "500k"])
def test_a_bench_on_a_full_disk_says_so_and_goes_on_with_room(data: Path, tmp_path: Path, size: str) -> None:
    """Whichever file does not fit: a checkpoint, or the best weights."""
    disk, out = tmp_path / "disk", tmp_path / "disk" / "runs"
    command = ("bench", *BENCH, "--data", data, "--out", out, "--quiet")
    steps = (command, f"find {disk} -name '*.partial'", f"mount -o remount,size=50m {disk}", command)
    first, partial, _, then, _ = on_a_small_disk(disk, size, *steps, f"cp -r {out} {tmp_path}")
    assert (first.code, first.out) == (2, "")
    assert first.err.startswith(f"Error: {disk}"), first
    assert first.err.endswith(f": No space left on device; {REMEDY}: what is done is kept\n")
    assert first.err.count("\n") == 1
    assert partial == (0, "", "")
    assert (then.code, then.err) == (0, "")
    assert len(list((tmp_path / "runs").glob("*/DONE"))) == 2
    assert (tmp_path / "runs" / "leaderboard.html").read_text().endswith("</html>\n")


@needs_mount
def test_workers_need_no_room_in_shared_memory(data: Path, tmp_path: Path) -> None:
    """Docker gives a container 64 MB of /dev/shm: less than a batch."""
    command = ("bench", *BENCH, "--data", data, "--out", tmp_path / "runs", "--workers", 1)
    small = "mount -t tmpfs -o size=60k none /dev/shm"
    _, done = on_a_small_disk(tmp_path / "disk", "50m", small, command)
    assert done.code == 0, done.err
    assert done.err.count("shared memory (/dev/shm) is full") == 1


@pytest.mark.parametrize("name", ["frames.parquet", "README.md", "build.json"])
def test_a_disk_that_fills_up_at_the_very_end(
    ffpms: Command, tree: Path, out: Path, reference: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk refuses the last step, the renaming of a file, too."""
    (out / "videos.parquet").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse(name))
        result = ffpms(*flags(tree, out))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {out}")
    assert REMEDY in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not list(out.glob("*.partial"))
    assert ffpms(*flags(tree, out)).exit_code == 0
    assert content(out) == reference


def refuse(name: str) -> Callable[[Path, Path], Path]:
    """A rename for which the disk has no room if the new name is this one."""

    def rename(path: Path, target: Path) -> Path:
        if target.name == name:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return path.rename(target)

    return rename
