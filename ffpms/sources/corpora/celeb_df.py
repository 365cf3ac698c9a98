"""Celeb-DF v1, v2 (Li et al., CVPR 2020) and ++ (2025): celebrities, and a list of test videos.

In that list 1 is real. Nothing says what is val, so a tenth of the people becomes it. The corpus's
own list has some people in test and in train, and the face that was put in may be of any split.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ffpms.errors import ManifestError, unreadable
from ffpms.protocol.listing import ListedVideo
from ffpms.protocol.set_settings import Edition
from ffpms.regular_files import read_text
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.corpus import Corpus
from ffpms.sources.listed_files import carve_val, keep_targets_together, make_listing, stem, videos_below
from ffpms.sources.listing import Listing, Request
from ffpms.stored_paths import is_plain

_LIST = "List_of_testing_videos.txt"
_REALS = ("Celeb-real", "YouTube-real")
_FAKES = "Celeb-synthesis"
_FIRST = "CDF"
"""Code of the face swaps of v1 and v2."""
_DRIVEN = ("FaceReenact", "TalkingFace")
"""Kinds of Celeb-DF++ that are cut to the face, so that no real video fits them."""
_NAME = re.compile(r"(id\d+)_(?:(id\d+)_)?(\d+)(?:_.*)?")


def recognises(root: Path) -> bool:
    """Whether a folder holds real and fake celebrities."""
    return (root / _REALS[0]).is_dir() and (root / _FAKES).is_dir()


def list_videos(corpus: Corpus, request: Request) -> Listing:
    """Lists all videos that are there, and those of the test list.

    Raises:
        ConfigError: the folder is no such tree.
        ManifestError: the test list is not there, or damaged.
    """
    root = request.root
    corpus.check_tree(root)
    tested = read_list(root / _LIST)
    there = {_without_level(path): path for folder in _folders(root) for path in videos_below(root, folder)}
    kinds = {_code(name): _title(name) for name in {**tested, **there} if name.startswith(_FAKES)}
    found = [(there.get(name, name), _describe(name, name in tested)) for name in {**there, **tested}]
    found, left_out = (found, []) if request.whole else keep_targets_together(found)
    found = carve_val(found, request.recipe, corpus.name)
    listing = make_listing(corpus, request, found, dict(sorted(kinds.items())))
    return replace(listing, notes=(*listing.notes, *_note_left_out(root, left_out)))


def _note_left_out(root: Path, fakes: Sequence[ListedVideo]) -> Iterator[str]:
    """Says which fakes are in no split, as frames of their real video are in test."""
    if fakes:
        what = "1 fake is left out, for test shows its real video"
        if len(fakes) > 1:
            what = f"{len(fakes)} fakes are left out, for test shows their real videos"
        yield f"{root}: {what} (first {fakes[0].name}); --whole takes all"


def read_list(path: Path) -> dict[str, int]:
    """Reads which videos are test: ``<folder>/<file>`` and its label, 0 real and 1 fake.

    Raises:
        ManifestError: it is not there or empty, or a line is not of its form.
    """
    try:
        lines = [line.split(maxsplit=1) for line in read_text(path).splitlines()]
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}; it comes with Celeb-DF") from None
    except ValueError:
        raise ManifestError(f"{path}: no text; download it again") from None
    tested = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        label, name = (*line, "")[:2]
        real = name.partition("/")[0] in _REALS
        if label != str(int(real)) or not is_plain(name.strip()) or not (real or name.startswith(_FAKES)):
            what = f"line {number} is no '1 {_REALS[0]}/NAME.mp4' or '0 {_FAKES}/NAME.mp4'"
            raise ManifestError(f"{path}: {what} (1 is real); download it again")
        tested[_without_level(name.strip())] = int(not real)
    if not tested:
        raise ManifestError(f"{path}: lists no video; download it again")
    return tested


def _folders(root: Path) -> Iterator[str]:
    """Yields the folders of videos: of fakes also those of a method, and of a method's kind."""
    yield from _REALS
    for folder in (_FAKES, *_inner(root, _FAKES)):
        yield folder
        yield from _inner(root, folder) if folder != _FAKES else ()


def _inner(root: Path, folder: str) -> list[str]:
    """Lists the folders in a folder, but for the level ``videos``, which is none of its own."""
    names = sorted(entry.name for entry in (root / folder).iterdir() if entry.is_dir())
    return [f"{folder}/{name}" for name in names if name != "videos" and not name.startswith(".")]


def _without_level(path: str) -> str:
    return path.replace("/videos/", "/")


def _describe(name: str, tested: bool) -> ListedVideo:
    """Says what the name of a video tells, such as ``Celeb-synthesis/id0_id1_0000.mp4``."""
    split, own, found = (Split.TEST if tested else Split.TRAIN).value, stem(name), _NAME.fullmatch(stem(name))
    person = found.group(1) if found else own
    if not name.startswith(_FAKES):
        return ListedVideo(split, ORIGINAL, own, own, None, person)
    driven = not found or any(part in _DRIVEN for part in PurePosixPath(name).parts)
    target = "" if driven or not found else f"{person}_{found.group(3)}"
    video = ListedVideo(split, _code(name), own, target, found.group(2) if found else None, person)
    return video if target else video.standing_alone()


def _code(name: str) -> str:
    """Returns the code of a fake's method: that of its folder, which v1 and v2 have not."""
    method = PurePosixPath(name).parent.name
    return _FIRST if method == _FAKES else re.sub(r"[^0-9A-Za-z]+", "-", method)[:16].strip("-")


def _title(name: str) -> str:
    return PurePosixPath(name).parent.name


CORPUS = Corpus(
    name="celeb-df",
    title="Celeb-DF",
    manipulations={},
    not_found=f"{_REALS[0]}/ and {_FAKES}/ are not in it",
    give_root=f"give the folder that holds {_REALS[0]}/, {_FAKES}/ and {_LIST}",
    recognises=recognises,
    list_videos=list_videos,
    editions=(Edition("Celeb-DF-v1", 38, 62), Edition("Celeb-DF-v2", 178, 340), Edition("Celeb-DF++", 178, 5240)),
    terms="Celeb-DF may not be redistributed",
)
