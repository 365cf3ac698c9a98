"""``ffpms predict --annotate`` and ``--html`` as a user meets them."""

from pathlib import Path

import pytest

from tests.conftest import Command

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path")


@pytest.fixture
def folder(tree: Path, tmp_path: Path) -> Path:
    """A video of two people in a folder, and a file that is none."""
    (tmp_path / "videos/sub").mkdir(parents=True)
    real = tree / "original_sequences/youtube/c40/videos/005.mp4"
    (tmp_path / "videos/sub/a.mp4").write_bytes(real.read_bytes())
    (tmp_path / "videos/b.mp4").write_text("text")
    return tmp_path / "videos"


def test_a_folder_of_copies_and_a_page(ffpms: Command, run: Path, folder: Path) -> None:
    call = ("predict", folder, "--run", run, "--workers", 1, "--annotate", folder / "seen", "--html", folder / "p.html")
    first = ffpms(*call)
    assert first.exit_code == 0, first.output
    assert sorted(path.relative_to(folder).as_posix() for path in (folder / "seen").rglob("*.*")) == ["seen/sub/a.mp4"]
    assert f"Annotated: {folder}/seen/sub/a.mp4" in first.stderr
    assert f"{folder}/b.mp4: not annotated; there is no picture to draw on" in first.stderr
    assert (folder / "p.html").read_text().count('<section class="video"') == 2
    again = ffpms(*call)
    assert f"Annotated before: {folder}/seen/sub/a.mp4" in again.stderr
    assert len(again.stdout.splitlines()) == 2  # the copy is no video to look at


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--annotate", "out.mp4"], "is one file for 2 videos; give --annotate a folder"),
        (["--annotate", "videos"], "is never written over"),
        (["--html", "videos/sub/a.mp4"], "is never written over"),
        (["--html", "videos/sub"], "Error: videos/sub: Is a directory; give another path"),
        (["--html", "videos/b.mp4/p.html"], "videos/b.mp4"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_looked_at(
    ffpms: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str], said: str
) -> None:
    monkeypatch.chdir(folder.parent)
    result = ffpms("predict", "videos", "--run", "nowhere", *flags)
    assert (result.exit_code, said in result.stderr) == (2, True), result.output
    assert len(result.stderr.splitlines()) == 1
