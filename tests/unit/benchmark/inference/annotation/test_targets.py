"""Names of annotated videos."""

from pathlib import Path

import pytest

from benchmark.inference.annotation.targets import check_no_input, choose_targets, skip_own
from ffpms.errors import ConfigError


def test_a_file_for_one_video() -> None:
    assert choose_targets(Path("o.webm"), [Path("a.avi")], [Path("a.avi")]) == {"a.avi": Path("o.webm")}


def test_a_folder_keeps_names_and_folders(tmp_path: Path) -> None:
    files = [tmp_path / "in/a.mp4", tmp_path / "in/sub/a.avi"]
    targets = choose_targets(tmp_path / "out", [tmp_path / "in"], files)
    assert list(targets.values()) == [tmp_path / "out/a.mp4", tmp_path / "out/sub/a.avi.mp4"]


def test_names_that_meet_get_their_folders(tmp_path: Path) -> None:
    files = [tmp_path / "x/a.mp4", tmp_path / "y/a.mp4"]
    assert list(choose_targets(tmp_path / "out", files, files).values()) == [
        tmp_path / "out/x/a.mp4",
        tmp_path / "out/y/a.mp4",
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.avi", "a.avi.mp4"], ["a.avi.mp4", "a.avi-2.mp4"]),
        (["a.avi", "a.avi-2.mp4", "a.avi.mp4"], ["a.avi.mp4", "a.avi-2.mp4", "a.avi-3.mp4"]),
        (["B.mp4", "b.mp4", "b.MP4"], ["B.mp4", "b-2.mp4", "b-3.MP4"]),
        (["\u00e9.mp4", "e\u0301.mp4"], ["\u00e9.mp4", "e\u0301-2.mp4"]),
        (["a.mp4", "a.mkv"], ["a.mp4", "a.mkv"]),
    ],
)
def test_no_two_videos_are_written_to_one_file_on_any_disk(names: list[str], expected: list[str]) -> None:
    targets = choose_targets(Path("out"), [Path("in")], [Path("in") / name for name in names])
    assert list(targets.values()) == [Path("out") / name for name in expected]


@pytest.mark.parametrize(
    ("out", "said"), [("o.mp4", "is one file for 2 videos"), ("in", "is never written over"), ("in/a.mp4", "one file")]
)
def test_what_does_not_fit_is_refused(tmp_path: Path, out: str, said: str) -> None:
    files = [tmp_path / "in/a.mp4", tmp_path / "in/b.mp4"]
    (tmp_path / "in").mkdir()
    with pytest.raises(ConfigError, match=said):
        choose_targets(tmp_path / out, [tmp_path / "in"], files)


@pytest.mark.parametrize(("out", "said"), [("o.avi", "is .mp4, .mkv, .webm"), ("link.mp4", "never written over")])
def test_a_name_of_another_kind_or_of_the_video_is_refused(tmp_path: Path, out: str, said: str) -> None:
    video = tmp_path / "a.mp4"
    video.touch()
    (tmp_path / "link.mp4").symlink_to(video)
    with pytest.raises(ConfigError, match=said):
        choose_targets(tmp_path / out, [video], [video])
    with pytest.raises(ConfigError, match="never written over"):
        check_no_input(tmp_path / "link.mp4", [video])


def test_videos_annotated_before_are_not_looked_at(tmp_path: Path) -> None:
    files = [tmp_path / "a.mp4", tmp_path / "out/a.mp4"]
    (tmp_path / "out").mkdir()
    assert skip_own(tmp_path / "out", [tmp_path], files) == files[:1]
    assert skip_own(tmp_path / "out", files, files) == files
