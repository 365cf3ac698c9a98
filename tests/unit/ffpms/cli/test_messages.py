"""What a user is told is so: each cause has its own line, and advice that helps."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ffpms import cli
from ffpms.errors import FfpmsError, StorageError, remedy, unreadable, writing
from tests.conftest import Command
from tests.helpers.building import program


def of_system(name: str) -> OSError:
    """The error of the system with this name."""
    code = getattr(errno, name)
    return OSError(code, os.strerror(code), "a/b")


CAUSES = {
    "no memory": (MemoryError("Unable to allocate 7 GiB"), "not enough memory (Unable to allocate 7 GiB); give fewer"),
    "bare": (MemoryError(), "not enough memory; give fewer --workers"),
    "package": (ModuleNotFoundError("No module named 'scipy'", name="scipy"), "scipy: cannot be imported (No module"),
    "full": (of_system("ENOSPC"), "a/b: No space left on device; free some space"),
    "forbidden": (of_system("EACCES"), "a/b: Permission denied; let this user read and write it"),
    "missing": (of_system("ENOENT"), "a/b: No such file or directory; check the path"),
    "disk": (of_system("EIO"), "a/b: Input/output error; look at the disk or its cable, which fails"),
    "name": (of_system("ENAMETOOLONG"), "a/b: File name too long; give a shorter path"),
    "files": (of_system("EMFILE"), "a/b: Too many open files; allow more open files (ulimit -n)"),
    "folder": (of_system("EISDIR"), "a/b: Is a directory; give another path"),
    "ours": (
        ZeroDivisionError("of course"),
        "unexpected ZeroDivisionError: of course; 'ffpms --debug ...' shows where",
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_has_its_own_line(ffpms: Command, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    error, said = CAUSES[name]
    monkeypatch.setattr(cli, "_check_packages", lambda: (_ for _ in ()).throw(error))
    result = ffpms("methods")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {said}")
    assert len(result.stderr.splitlines()) == 1
    assert ("please report it" in result.stderr) == (name == "ours")


@pytest.mark.parametrize(
    ("name", "reading", "written"),
    [
        ("EACCES", "make it readable", "make it writable or write elsewhere"),
        ("EPERM", "make it readable", "make it writable or write elsewhere"),
        ("EIO", "look at the disk or its cable, which fails, or use another disk", ""),
        ("ENOTDIR", "check the path: a part of it is no folder", ""),
        ("EFBIG", "use a disk that takes files of that size", ""),
    ],
)
def test_what_to_do_depends_on_what_the_system_says(tmp_path: Path, name: str, reading: str, written: str) -> None:
    error = of_system(name)
    assert unreadable(error) == f"cannot be read ({error.strerror}); {reading}"
    with pytest.raises(StorageError) as caught, writing(tmp_path):
        raise error
    assert str(caught.value) == f"a/b: {error.strerror}; {written or reading}"
    assert "; " not in remedy(error, ""), "a finding is cut at the last one"


def test_a_terminal_that_knows_ascii_alone_breaks_nothing(tmp_path: Path) -> None:
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C", "PYTHONUTF8": "0"}
    (tmp_path / "é" / "original").mkdir(parents=True)
    for arguments in (["nöwhere"], ["--ff-root", str(tmp_path / "é")]):
        done = subprocess.run(program("verify", *arguments), env=ascii_only, capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: ")
        assert "unexpected" not in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text")
def test_a_folder_whose_name_is_no_text_is_named(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"\xff")
    place.symlink_to(whole)
    assert ffpms("verify", place).stdout == f"{tmp_path}/\\udcff: FFPMS-custom: no findings\n"
    done = subprocess.run(program("plan", "--out", tmp_path / os.fsdecode(b"\xfe")), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}/\\udcfe: 700 bags, 14000 rows\n"


@pytest.mark.parametrize("command", ["plan", "minicorpus"])
def test_a_file_as_out_is_named(ffpms: Command, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("")
    below = ffpms(command, "--out", tmp_path / "file" / "a" / "b")
    result = ffpms(command, "--out", tmp_path / "file")
    assert below.stderr == result.stderr
    assert result.stderr.splitlines()[-1] == f"Error: {tmp_path}/file: is no folder; give --out a new or empty one"


def test_a_new_disk_is_an_empty_folder(ffpms: Command, tmp_path: Path) -> None:
    """It has a lost+found that only root may list."""
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".DS_Store").touch()
    assert ffpms("plan", "--out", tmp_path).exit_code == 0
    assert ffpms("plan", "--out", tmp_path).exit_code == 0, "again"


def test_a_sheet_of_no_known_kind_is_named_before_the_work(ffpms: Command, tmp_path: Path) -> None:
    result = ffpms("minicorpus", "--out", tmp_path / "c", "--sheet", tmp_path / "sheet.xyz")
    assert result.stderr == f"Error: sheet: {tmp_path}/sheet.xyz is no picture; name it .jpg or .jpeg or .png\n"
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory); check the path"),
        (b"seed = ", "no TOML (Invalid value"),
        (b"\xff", "no TOML ('utf-8' codec"),
        (b"seed = 7\nseed = 8\n", "a key or a table stands twice (at line 2, column 9); keep one of them"),
        (b"\xef\xbb\xbfsead = 7", "no such setting: sead (did you mean seed?)"),
        (b"sead = 7", "no such setting: sead (did you mean seed?)"),
        (b"[seed]\na = 1", "seed: {'a': 1} is no value of a flag"),
        (b'out = "a\\u0000b"', "is no value of a flag"),
    ],
)
def test_a_configuration_that_does_not_fit_says_why(
    ffpms: Command, tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "c.toml").write_bytes(content)
    result = ffpms("plan", "--config", tmp_path / "c.toml", "--out", tmp_path / "a")
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("origin", "places", "said"),
    [
        (None, None, "detectors: not installed beside ffpms"),
        (None, ["/elsewhere/detectors"], "/elsewhere: another package named 'detectors' hides ffpms's own; install"),
        ("HERE/detectors/__init__.py", None, "another package named 'detectors' hides ffpms's own; run ffpms from"),
    ],
)
def test_a_package_of_the_same_name_is_placed(
    monkeypatch: pytest.MonkeyPatch, origin: str | None, places: list[str] | None, said: str
) -> None:
    class Spec:
        submodule_search_locations = places

    Spec.origin = origin and origin.replace("HERE", str(Path.cwd()))  # type: ignore[attr-defined]
    home = Path(cli.__file__).parents[2]
    if origin:
        monkeypatch.setattr(cli, "__file__", "/installed/ffpms/cli/__init__.py")
    monkeypatch.setattr(cli, "find_spec", lambda _: Spec() if origin or places else None)
    with pytest.raises(FfpmsError) as caught:
        cli._check_packages()
    assert said in str(caught.value)
    assert home != Path("/elsewhere")


@pytest.mark.parametrize("frames", [32_768, 10**30])
def test_more_frames_than_a_table_can_number_are_refused(ffpms: Command, tmp_path: Path, frames: int) -> None:
    result = ffpms("plan", "--frames", frames, "--out", tmp_path)
    assert result.stderr == f"Error: frames: {frames} is too many; ask for at most 32767\n"
