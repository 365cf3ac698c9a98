"""A source tree's files, one by one and together, without rendering a corpus."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ffpms.errors import ConfigError, MediaError
from ffpms.extraction.decoding.probe import VideoInfo
from ffpms.protocol.published import published_videos
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs, read_pairs
from ffpms.schema import Status
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpora.ffpp import official
from ffpms.sources.registry import choose_corpus
from ffpms.sources.source_index import list_layout
from ffpms.verify.findings import Finding, Kind, Report
from ffpms.verify.source_tree import ProbeJob, look, verify_tree
from tests.conftest import Patience
from tests.helpers.corpus import about, encode, portrait, sources_in

PAIRS: Pairs = {"train": [], "val": [], "test": [("0", "1")]}
OFFICIAL: Pairs = {"train": [("953", "974")], "val": [], "test": [("567", "606")]}
RECIPE = Recipe(manipulations=("DF",))
VIDEOS = ("original/0.mp4", "original/1.mp4", "Deepfakes/0_1.mp4", "Deepfakes/1_0.mp4")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flat tree of four videos, each with other frames."""
    root = tmp_path_factory.mktemp("whole") / "ff_c40"
    for i, name in enumerate(VIDEOS):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        encode(root / name, list(portrait()[i : i + 3]))
    return root


@pytest.fixture
def root(whole: Path, tmp_path: Path, patience: Patience) -> Iterator[Path]:
    """A copy to be damaged; no check may wait for ever."""
    shutil.copytree(whole, tmp_path / "ff_c40")
    with patience(30):
        yield tmp_path / "ff_c40"


def verify(root: Path, pairs: Pairs, recipe: Recipe) -> Report:
    return verify_tree(list_layout(FFPP, root, pairs, recipe))


def found(root: Path) -> set[tuple[str, str]]:
    return {(f.path, str(f.kind)) for f in verify(root, PAIRS, RECIPE).findings}


def test_a_whole_tree_has_no_findings(whole: Path) -> None:
    report = verify(whole, PAIRS, RECIPE)
    assert report.findings == []
    assert report.about == {"ff_root": str(whole), "layout": "flat", "compression": "c40", "n_files": 4}


@pytest.mark.parametrize("how", ["pipe", "folder", "socket"])
def test_what_is_no_file_is_found_and_never_waited_for(root: Path, how: str) -> None:
    path = root / VIDEOS[0]
    path.unlink()
    if how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        path.mkdir()
    elif Path("/dev/zero").exists():
        path.symlink_to("/dev/zero")
    else:
        pytest.skip("this system has no /dev")
    assert found(root) == {(VIDEOS[0], "not_a_file")}


@pytest.mark.parametrize("target", ["nowhere", "0.mp4"])
def test_a_broken_link_is_found(root: Path, target: str) -> None:
    if target == "0.mp4" and sys.platform == "win32":
        pytest.skip("Windows says it in other words")
    (root / VIDEOS[0]).unlink()
    (root / VIDEOS[0]).symlink_to(target)
    (finding,) = verify(root, PAIRS, RECIPE).findings
    assert (finding.kind, finding.what) == {
        "nowhere": ("missing", "a link that leads nowhere"),
        "0.mp4": ("unreadable", "cannot be read (Too many levels of symbolic links)"),
    }[target]


def test_a_link_out_of_the_tree_is_fine(root: Path, whole: Path) -> None:
    (root / VIDEOS[0]).unlink()
    (root / VIDEOS[0]).symlink_to(whole / VIDEOS[0])
    assert found(root) == set()


@pytest.mark.parametrize("content", [b"", b"404 not found", b"#EXTM3U\nfile:///etc/passwd\n"])
def test_what_is_no_video_is_found(root: Path, content: bytes) -> None:
    (root / VIDEOS[0]).write_bytes(content)
    assert found(root) == {(VIDEOS[0], "unreadable")}


def test_a_list_of_other_files_is_not_followed(root: Path) -> None:
    """The decoder would read a play list whatever its name is, and wait for the pipe in it."""
    os.mkfifo(root / "original" / "pipe.mp4")
    (root / VIDEOS[0]).write_text("ffconcat version 1.0\nfile pipe.mp4\n")
    assert found(root) == {(VIDEOS[0], "unreadable"), ("original/pipe.mp4", "extra")}


def test_missing_and_extra_files_are_found(root: Path) -> None:
    (root / VIDEOS[3]).rename(root / "Deepfakes" / "1_0 (1).MP4")
    (root / "Deepfakes" / "readme.txt").write_text("")
    report = verify(root, PAIRS, RECIPE)
    assert {(f.path, str(f.kind)) for f in report.findings} == {
        (VIDEOS[3], "missing"),
        ("Deepfakes/1_0 (1).MP4", "extra"),
    }
    assert report.about["n_files"] == 4
    assert "not found" in {f.what for f in report.findings}


def test_a_missing_folder_is_its_files(root: Path) -> None:
    shutil.rmtree(root / "Deepfakes")
    (root / "FaceSwap").mkdir()
    assert found(root) == {(VIDEOS[2], "missing"), (VIDEOS[3], "missing")}


def test_the_same_bytes_twice_are_found(root: Path) -> None:
    shutil.copy(root / VIDEOS[0], root / VIDEOS[2])
    assert found(root) == {(VIDEOS[2], "duplicate")}
    (finding,) = verify(root, PAIRS, RECIPE).findings
    assert finding.what == f"the same bytes as {VIDEOS[0]}"


def test_rules_reach_the_files(root: Path) -> None:
    encode(root / VIDEOS[2], list(portrait()[3:5]), crf=23)
    assert found(root) == {(VIDEOS[2], "wrong_compression"), (VIDEOS[2], "length")}
    shutil.copy(root / VIDEOS[3], root / VIDEOS[2])
    encode(root / VIDEOS[0], list(portrait()[:3]), crf=23)
    assert (VIDEOS[0], "wrong_compression") in found(root)


def published_tree(root: Path, monkeypatch: pytest.MonkeyPatch, pairs: Pairs = OFFICIAL, **odd: dict[str, int]) -> Path:
    """A tree of empty files that pass for FaceForensics++'s own; ``odd`` has other facts of some."""

    def look(job: ProbeJob) -> tuple[str, VideoInfo | Finding]:
        known = published_videos()[names[job.path]]
        facts = {"n_frames": known.n_frames, "width": known.width, "height": known.height}
        facts |= odd.get(names[job.path], {})
        return job.path, about(**facts, sha256=job.path)

    names = {s.path: s.source_video for s in sources_in(official("c40"), pairs, Recipe(), tuple(pairs))}
    for folder in {(root / path).parent for path in names}:
        folder.mkdir(parents=True)
    for path in names:
        (root / path).touch()
    monkeypatch.setattr("ffpms.verify.source_tree.look", look)
    return root


def test_every_published_video_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ten widths that are no multiple of 64, and the one length that keeps no rule, among them."""
    report = verify(published_tree(tmp_path, monkeypatch, read_pairs()), read_pairs(), Recipe())
    assert report.findings == []
    assert report.about["n_files"] == 5000


def test_other_facts_than_the_published_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong real video is its own finding: its sound fakes are not blamed."""
    odd = {"original_953": {"n_frames": 350}, "F2F_953_974": {"width": 1216}, "NT_606_567": {"height": 8}}
    root = published_tree(tmp_path, monkeypatch, **odd)
    found = {(f.path.rpartition("/")[2], str(f.kind), f.what) for f in verify(root, OFFICIAL, Recipe()).findings}
    assert found == {
        ("953.mp4", "length", "350 frames, not 351 as published"),
        ("953_974.mp4", "size", "1216x720 px, not 1280x720 as published"),
        ("606_567.mp4", "size", "832x8 px, not 832x480 as published"),
    }


def test_by_the_rules_the_one_exception_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = published_tree(tmp_path, monkeypatch)
    (root / "corpus.json").write_text('{"identities": 1000}')
    assert not FFPP.is_tree(root)
    (finding,) = verify_tree(list_layout(choose_corpus(root, "ffpp", None), root, OFFICIAL, Recipe())).findings
    assert finding.path.endswith("NeuralTextures/c40/videos/567_606.mp4")
    assert finding.what == "337 frames, not 340 (its target 567 has 340 and its source 606 has 387)"


@pytest.mark.parametrize(
    "pairs", [{"test": [("000", "001")]}, {"test": [("953", "974"), ("000", "001")]}, {"test": []}]
)
def test_one_pair_of_other_people_and_the_rules_hold(pairs: Pairs, tmp_path: Path) -> None:
    assert FFPP.published(tmp_path, pairs) == {}
    assert FFPP.published(tmp_path, {"train": [("974", "953")]}) == published_videos()


def test_other_splits_are_an_error(root: Path) -> None:
    with pytest.raises(ConfigError, match="holds no video of the split files; give --splits"):
        verify(root, PAIRS | {"test": [("7", "8")]}, RECIPE)
    with pytest.raises(ConfigError, match="holds no fake of the split files; give --splits"):
        verify(root, PAIRS | {"test": [("0", "8")]}, RECIPE)


def test_originals_alone_are_findings(root: Path) -> None:
    shutil.rmtree(root / "Deepfakes")
    (root / "Deepfakes").mkdir()
    assert {kind for _, kind in found(root)} == {"missing"}


def test_a_status_of_another_kind_is_unreadable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> VideoInfo:
        raise MediaError(path, "odd; look at it", Status.FAILED)

    monkeypatch.setattr("ffpms.verify.source_tree.probe", refused)
    assert look(ProbeJob(root, "original/0.mp4"))[1] == Finding("original/0.mp4", Kind.UNREADABLE, "odd", "look at it")


def test_an_unexpected_error_is_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> VideoInfo:
        raise ZeroDivisionError("of course")

    monkeypatch.setattr("ffpms.verify.source_tree.probe", broken)
    _, finding = look(ProbeJob(root, VIDEOS[0]))
    assert "unexpected ZeroDivisionError: of course" in str(finding)


def test_a_file_that_may_not_be_read_is_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> VideoInfo:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ffpms.verify.source_tree.probe", refused)
    _, finding = look(ProbeJob(root, VIDEOS[0]))
    assert "cannot be read (Permission denied)" in str(finding)


def test_a_disk_that_fails_is_not_taken_for_a_damaged_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path) -> VideoInfo:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("ffpms.verify.source_tree.probe", failing)
    _, finding = look(ProbeJob(root, VIDEOS[0]))
    assert isinstance(finding, Finding)
    assert "look at the disk or its cable, which fails" in finding.todo
    assert "download" not in finding.todo


def test_clutter_is_no_finding(root: Path) -> None:
    for name in ("._0.mp4", ".DS_Store", ".nfs00000000001", "Thumbs.db", "desktop.ini", "0.mp4.part"):
        (root / "original" / name).write_bytes(b"Mac OS X")
    for name in ("lost+found", "@eaDir", ".git"):
        (root / "original" / name).mkdir()
    assert found(root) == set()


def test_an_ending_in_capitals_is_fine_and_a_second_one_is_named(root: Path) -> None:
    (root / VIDEOS[0]).rename(root / "original" / "0.MP4")
    assert found(root) == set()
    shutil.copy(root / "original" / "0.MP4", root / "original" / "0.mp4")
    if len(list((root / "original").iterdir())) == 3:
        assert found(root) == {("original/0.MP4", "duplicate")}


@pytest.mark.parametrize("ending", [".part", ".crdownload", ".aria2"])
def test_a_download_that_was_not_finished_is_named(root: Path, ending: str) -> None:
    (root / VIDEOS[0]).rename(root / f"{VIDEOS[0]}{ending}")
    (finding,) = verify(root, PAIRS, RECIPE).findings
    assert (finding.path, finding.kind, finding.todo) == (VIDEOS[0], Kind.MISSING, "finish the download")
    assert f"0.mp4{ending}" in finding.what


@pytest.mark.parametrize(
    ("content", "todo"),
    [(b"<!DOCTYPE html>", "the download got a web page; download it again"), (b"RIFF avi", "put the mp4 itself there")],
)
def test_what_to_do_about_no_mp4_depends_on_what_it_is(root: Path, content: bytes, todo: str) -> None:
    (root / VIDEOS[0]).write_bytes(content)
    (finding,) = verify(root, PAIRS, RECIPE).findings
    assert finding.todo == todo


def test_a_tree_of_another_level_is_told_to_say_so(root: Path) -> None:
    encode(root / VIDEOS[0], list(portrait()[:3]), crf=23)
    (todo,) = {f.todo for f in verify(root, PAIRS, RECIPE).findings if f.kind == Kind.WRONG_COMPRESSION}
    assert todo == "put the c40 file of FaceForensics++ there, or give --compression c23 if the whole tree is so"
