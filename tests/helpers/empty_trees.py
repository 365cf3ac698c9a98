"""Trees of empty files in the layouts of other corpora, and what is listed of them."""

from collections.abc import Iterable
from pathlib import Path

from ffpms.protocol.recipe import Recipe
from ffpms.sources.listing import Listing, Request
from ffpms.sources.registry import find_corpus
from ffpms.sources.source_index import list_videos

LIST = "List_of_testing_videos.txt"
CELEB = [
    *(f"Celeb-real/id{n}_000{k}.mp4" for n in range(20) for k in (0, 1)),
    *(f"YouTube-real/0000{n}.mp4" for n in range(4)),
    *(f"Celeb-synthesis/id{n}_id{(n + m) % 20}_000{k}.mp4" for n in range(20) for m in (1, 2) for k in (0, 1)),
]
TESTED = (
    "1 YouTube-real/00000.mp4\n1 Celeb-real/id3_0001.mp4\n"
    "0 Celeb-synthesis/id0_id1_0000.mp4\n0 Celeb-synthesis/id3_id4_0001.mp4\n"
)
ACTORS = [
    *(f"original_sequences/actors/c23/videos/0{n}__exit_phone_room.mp4" for n in (1, 2)),
    "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__exit_phone_room__YVGY8LOK.mp4",
    "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__kitchen_pan__YVGY8LOK.mp4",
]


def empty_tree(root: Path, paths: Iterable[str]) -> Path:
    """Empty files of these paths."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def celeb(root: Path, level: str = "", tested: str = TESTED) -> Path:
    """Celeb-DF of twenty people, with its list of test videos."""
    empty_tree(root, (path.replace("/", f"/{level}", 1) for path in CELEB))
    (root / LIST).write_text(tested)
    return root


def listed(root: Path, name: str, recipe: Recipe | None = None, whole: bool = False) -> Listing:
    """What is in a tree of the corpus of a name."""
    return list_videos(find_corpus(name), Request(root, recipe or Recipe(), whole=whole))


def splits(listing: Listing) -> dict[str, str]:
    """Name -> split."""
    return {video.name: video.split for video in listing.videos}
