"""Layouts: the official tree and the flat re-upload are recognised, and a tree that does not fit is one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ffpms.errors import ConfigError
from ffpms.protocol.recipe import Recipe
from ffpms.schema import ORIGINAL
from ffpms.sources.corpora.ffpp import FAKES, FOLDERS, find_layouts, mask_path, official
from ffpms.sources.listing import Source
from ffpms.sources.source_index import check_once, check_root, find_video, video_names
from ffpms.stored_paths import is_plain
from tests.helpers.corpus import PAIRS, sources_in


def folders(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
    return root


def flat(root: Path) -> Path:
    return folders(root, "original", "Deepfakes")


@pytest.mark.parametrize(("folder", "compression"), [("c40", "c40"), ("c23", "c23"), ("raw", "raw"), ("c0", "raw")])
def test_the_official_tree(tmp_path: Path, folder: str, compression: str) -> None:
    layout = check_root(folders(tmp_path, f"original_sequences/youtube/{folder}/videos"), compression)
    assert (layout.name, layout.compression) == ("official", compression)
    assert layout.path("original", "000") == f"original_sequences/youtube/{folder}/videos/000.mp4"
    assert layout.path("F2F", "000_003") == f"manipulated_sequences/Face2Face/{folder}/videos/000_003.mp4"


def test_c0_asks_for_raw(tmp_path: Path) -> None:
    assert check_root(folders(tmp_path, "original_sequences/youtube/raw/videos"), "c0").compression == "raw"


@pytest.mark.parametrize(
    ("name", "compression"),
    [("FaceForensics++_C23", "c23"), ("ff-c40", "c40"), ("ff_RAW", "raw"), ("x_c0", "raw"), ("ffpp", ""), ("c40", "")],
)
def test_the_flat_tree_tells_its_compression_by_its_name(tmp_path: Path, name: str, compression: str) -> None:
    (layout,) = find_layouts(flat(tmp_path / name))
    assert (layout.name, layout.compression) == ("flat", compression)
    assert layout.path("original", "000") == "original/000.mp4"
    assert layout.path("NT", "000_003") == "NeuralTextures/000_003.mp4"


def test_a_flat_tree_of_unknown_compression_is_what_is_asked_for(tmp_path: Path) -> None:
    assert check_root(flat(tmp_path / "ffpp"), "c23").compression == "c23"


def test_the_name_counts_when_the_root_is_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(flat(tmp_path / "FaceForensics++_C23"))
    assert [layout.compression for layout in find_layouts(Path())] == ["c23"]


def test_a_flat_tree_of_another_compression_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"FaceForensics\+\+_C23: no c40 videos \(found: c23\); choose another"):
        check_root(flat(tmp_path / "FaceForensics++_C23"), "c40")


def test_what_is_there_is_said(tmp_path: Path) -> None:
    folders(tmp_path, *(f"original_sequences/youtube/{name}/videos" for name in ("c0", "c23")))
    assert [layout.compression for layout in find_layouts(tmp_path)] == ["raw", "c23"]
    with pytest.raises(ConfigError, match=r"no c40 videos \(found: raw, c23\)"):
        check_root(tmp_path, "c40")


def test_the_official_tree_wins_over_folders_beside_it(tmp_path: Path) -> None:
    folders(flat(tmp_path), "original_sequences/youtube/c40/videos")
    assert check_root(tmp_path, "c40").name == "official"


@pytest.mark.parametrize("names", [(), ("original",), ("Deepfakes",), ("originals", "Deepfakes")])
def test_anything_else_is_no_tree(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="no FaceForensics"):
        check_root(folders(tmp_path, *names), "c40")


def test_a_tree_without_videos_has_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found: none"):
        check_root(folders(tmp_path, "original_sequences/youtube"), "c40")


def test_sources_follow_the_layout() -> None:
    sources = sources_in(official("c0"), PAIRS, Recipe(compression="raw", manipulations=("FS",)), ("val",))
    found = {s.source_video: (s.path, s.compression, s.source_id) for s in sources}
    assert found == {
        "original_004": ("original_sequences/youtube/c0/videos/004.mp4", "raw", None),
        "original_005": ("original_sequences/youtube/c0/videos/005.mp4", "raw", None),
        "FS_004_005": ("manipulated_sequences/FaceSwap/c0/videos/004_005.mp4", "raw", "005"),
        "FS_005_004": ("manipulated_sequences/FaceSwap/c0/videos/005_004.mp4", "raw", "004"),
    }


@pytest.mark.parametrize("tree", [flat, lambda root: folders(root, "original_sequences/youtube/c40/videos")])
def test_masks_lie_inside_the_tree_and_each_fake_has_its_own(tmp_path: Path, tree: Callable[[Path], Path]) -> None:
    layout = check_root(tree(tmp_path), "c40")
    masks = [mask_path(layout.path(kind, "000_003")) for kind in FAKES]
    home = "" if layout.name == "flat" else "manipulated_sequences/"
    assert masks == [f"{home}{FOLDERS[kind]}/masks/videos/000_003.mp4" for kind in FAKES]


ENDINGS = ("000.MP4", "001.Mp4", "002.mp4")


def sources_of(root: Path, *ids: str) -> list[Source]:
    return sources_in(check_root(root, "c40"), {"test": [ids]}, Recipe(manipulations=("DF",)), ("test",))


def test_the_ending_of_a_video_may_be_in_any_case(tmp_path: Path) -> None:
    root = flat(tmp_path)
    for name in ENDINGS:
        (root / "original" / name).touch()
    (root / "Deepfakes" / "000_001.MP4").touch()
    paths = [s.path for s in sources_of(root, "000", "001")]
    assert paths == ["original/000.MP4", "original/001.Mp4", "Deepfakes/000_001.MP4", "Deepfakes/001_000.mp4"]
    assert find_video(root / "original/000.mp4") == root / "original/000.MP4"
    assert find_video(root / "original/002.mp4") == root / "original/002.mp4"
    assert find_video(root / "nowhere/002.mp4") == root / "nowhere/002.mp4"


@pytest.mark.parametrize("names", [("000.mp4", "000.MP4"), ("000.MP4", "000.Mp4")])
def test_a_video_that_stands_twice_is_named(tmp_path: Path, names: tuple[str, str]) -> None:
    root = flat(tmp_path)
    for name in names:
        (root / "original" / name).touch()
    if len(list((root / "original").iterdir())) < 2:
        pytest.skip("on this disk they are one file")
    sources = sources_of(root, "000", "001")
    own, other = (names[0], names[1])
    assert sources[0].path == f"original/{own}"
    with pytest.raises(ConfigError, match=f"original/{other}: the same video as original/{own}, but for the case"):
        check_once(root, sources)
    check_once(root, sources_of(root, "001", "002"))


CLUTTER = ("._000.mp4", "._000.MP4", ".DS_Store", ".nfs0000000000a1b2c3", "Thumbs.db", "desktop.ini")


def test_clutter_is_no_video(tmp_path: Path) -> None:
    root = flat(tmp_path)
    for name in CLUTTER:
        (root / "original" / name).touch()
    assert dict(check_root(root, "c40").names) == {}
    assert video_names(root / "original") == []


def test_a_folder_that_cannot_be_listed_has_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "iterdir", lambda _: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert video_names(tmp_path) == []


@pytest.mark.parametrize("kind", [ORIGINAL, *FAKES])
def test_every_path_of_a_layout_is_below_the_root(tmp_path: Path, kind: str) -> None:
    for layout in (official("c23"), *find_layouts(flat(tmp_path))):
        assert is_plain(layout.path(kind, "000"))
        assert is_plain(mask_path(layout.path(kind, "000")))
