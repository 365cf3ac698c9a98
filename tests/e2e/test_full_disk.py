"""A disk that is full or read-only: one line, exit code 2, and the same command goes on."""

import errno
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Command, Once
from tests.helpers.building import content, flags, program
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


def on_a_small_disk(disk: Path, size: str, steps: str, *command: str) -> list[str]:
    """Runs shell ``steps`` in which ``"$@"`` is the command and ``$D`` a disk of that size; returns their lines."""
    disk.mkdir()
    script = f'D={disk}; mount -t tmpfs -o size={size} none "$D" || exit 9\n{steps}'
    done = subprocess.run([*OWN_MOUNTS, "sh", "-c", script, "sh", *command], capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()


@needs_mount
@pytest.mark.parametrize(("size", "workers"), [("40k", 1), ("200k", 2), ("400k", 1)])
def test_a_full_disk_loses_nothing(
    tree: Path, tmp_path: Path, reference: dict[str, str], size: str, workers: int
) -> None:
    disk, result = tmp_path / "disk", tmp_path / "result"
    steps = f'"$@" 2>&1; echo $?; mount -o remount,size=50m "$D"; "$@" --quiet 2>&1; echo $?; cp -r "$D/data" {result}'
    first, code, *then = on_a_small_disk(disk, size, steps, *program(*flags(tree, disk / "data", "--workers", workers)))
    assert first.startswith(f"Error: {disk / 'data'}")
    assert first.endswith(f"No space left on device; {REMEDY}: what is done is kept")
    assert (code, then) == ("2", ["0"])
    assert content(result) == reference


@needs_mount
def test_a_read_only_folder_is_one_line_unless_there_is_nothing_to_do(tree: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    command = program(*flags(tree, disk / "data"))
    ro, rw = 'mount -o remount,ro "$D"', 'mount -o remount,rw "$D"'
    lines = on_a_small_disk(disk, "50m", f'{ro}; "$@" 2>&1; echo $?; {rw}; "$@" --quiet; {ro}; "$@"; echo $?', *command)
    assert lines == [
        f"Error: {disk / 'data'}: Read-only file system; make it writable or write elsewhere",
        "2",
        f"{disk / 'data'}: complete already, nothing to do (--retry-failed does 0 failed again)",
        "FFPMS-custom: its split files are not those of FaceForensics++; --size 32 is not v1's 299",
        "0",
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
    steps = '"$@" 2>&1; echo $?; find "$D" -name "*.partial"; mount -o remount,size=50m "$D"; '
    steps += f'"$@" >/dev/null; echo $?; cp -r {out} {tmp_path}'
    command = program("bench", *BENCH, "--data", data, "--out", out, "--quiet")
    first, code, *then = on_a_small_disk(disk, size, steps, *command)
    assert first.startswith(f"Error: {disk}"), first
    assert first.endswith(f": No space left on device; {REMEDY}: what is done is kept")
    assert (code, then) == ("2", ["0"])
    assert len(list((tmp_path / "runs").glob("*/DONE"))) == 2
    assert (tmp_path / "runs" / "leaderboard.html").read_text().endswith("</html>\n")


@needs_mount
def test_workers_need_no_room_in_shared_memory(data: Path, tmp_path: Path) -> None:
    """Docker gives a container 64 MB of /dev/shm: less than a batch."""
    command = program("bench", *BENCH, "--data", data, "--out", tmp_path / "runs", "--workers", 1)
    steps = 'mount -t tmpfs -o size=60k none /dev/shm; timeout 250 "$@" 2>&1 >/dev/null; echo $?'
    *said, code = on_a_small_disk(tmp_path / "disk", "50m", steps, *command)
    assert code == "0", said
    assert sum("shared memory (/dev/shm) is full" in line for line in said) == 1


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
