"""DFDC (Dolhansky et al. 2020): parts of videos with a ``metadata.json`` each, and a test folder.

A fake names its original. Without the test folder, a tenth of the parts is test, or of the
originals where there are fewer than ten parts. A tenth of the other originals is val.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ffpms.clutter import is_clutter
from ffpms.errors import ManifestError, unreadable
from ffpms.protocol.listing import ListedVideo
from ffpms.regular_files import read_text
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.corpus import Corpus
from ffpms.sources.json_lists import check_name, read_entries
from ffpms.sources.listed_files import VAL_SHARE, Found, carve, carve_val, make_listing, stem, videos_below
from ffpms.sources.listing import Listing, Request

_METADATA, _LABELS, _TEST = "metadata.json", "labels.csv", "test"
_CODE = "DFDC"
_FEW_PARTS = 10
_FAKE = {"FAKE": True, "REAL": False, "1": True, "0": False}


def find_parts(root: Path) -> list[str]:
    """Finds the folders with a ``metadata.json``: the root itself, or folders in it."""
    if (root / _METADATA).is_file():
        return ["."]
    return [name for name in _inner_folders(root) if (root / name / _METADATA).is_file()]


def _inner_folders(root: Path) -> list[str]:
    """Names the folders of a tree in which parts may be."""
    inner = sorted(root.iterdir()) if root.is_dir() else []
    return [path.name for path in inner if path.name != _TEST and path.is_dir() and not is_clutter(path.name)]


def recognises(root: Path) -> bool:
    """Whether a folder holds parts of DFDC, or its labelled test videos."""
    return bool(find_parts(root)) or (root / _TEST / _LABELS).is_file()


def list_videos(corpus: Corpus, request: Request) -> Listing:
    """Lists the videos of all parts that are there, and those of the test folder.

    Raises:
        ConfigError: the folder is no such tree.
        ManifestError: a list of labels is damaged.
    """
    root = request.root
    corpus.check_tree(root)
    tested, parts = list(_test_videos(root)), {part: list(_part_videos(root, part)) for part in find_parts(root)}
    found = [video for part in parts.values() for video in part]
    if not tested:
        in_test = _draw_test(parts, request)
        found = [(path, replace(v, split=Split.TEST.value) if v.pair_id in in_test else v) for path, v in found]
    found = carve_val(found, request.recipe, corpus.name)
    listing = make_listing(corpus, request, [*found, *tested], corpus.manipulations)
    return replace(listing, notes=(*listing.notes, *_note_unlisted(root, parts)))


def _note_unlisted(root: Path, parts: Mapping[str, list[Found]]) -> Iterator[str]:
    """Says which folders have videos and no list of them, where parts lie side by side."""
    for name in _inner_folders(root) if "." not in parts else ():
        if name not in parts and (videos := videos_below(root, name)):
            yield f"{root / name}: {_METADATA} is missing, so its videos are left out ({len(videos)}); put it there"


def _draw_test(parts: Mapping[str, list[Found]], request: Request) -> set[str]:
    """Draws the originals that are test, by whole parts if there are ten or more."""
    part_of = {video.pair_id: part for part, found in parts.items() for _, video in found}
    units = part_of if len(parts) >= _FEW_PARTS else {pair: pair for pair in part_of}
    drawn = carve(units.values(), {Split.TEST: VAL_SHARE}, request.recipe, CORPUS.name, "test")
    return {pair for pair, unit in units.items() if drawn[unit] == Split.TEST}


def _part_videos(root: Path, part: str) -> Iterator[Found]:
    folder = "" if part == "." else f"{part}/"
    for name, entry in read_entries(root / folder / _METADATA).items():
        fake, original = _label(root / folder / _METADATA, name, entry), entry.get("original")
        yield f"{folder}{name}", _describe(Split.TRAIN, name, fake, original if isinstance(original, str) else None)


def _test_videos(root: Path) -> Iterator[Found]:
    path = root / _TEST / _LABELS
    if path.is_file():
        try:
            rows = list(csv.DictReader(read_text(path).removeprefix("\ufeff").splitlines()))
        except (OSError, ValueError) as error:
            what = unreadable(error) if isinstance(error, OSError) else "no text; download it again"
            raise ManifestError(f"{path}: {what}") from None
        for row in rows:
            name = check_name(path, row.get("filename"))
            yield f"{_TEST}/{name}", _describe(Split.TEST, name, _label(path, name, row), row.get("original") or None)


def _label(path: Path, name: str, entry: Mapping[str, Any]) -> bool:
    """Whether a video is fake.

    Raises:
        ManifestError: the label is neither of the two.
    """
    label = entry.get("label")
    if str(label).upper() not in _FAKE:
        what = f"{name} has no label" if label is None else f"label of {name} is {label!a}, neither REAL nor FAKE"
        raise ManifestError(f"{path}: {what}; download it again")
    return _FAKE[str(label).upper()]


def _describe(split: Split, name: str, fake: bool, original: str | None) -> ListedVideo:
    own = stem(name)
    if not fake:
        return ListedVideo(split.value, ORIGINAL, own, own, None, own)
    target = stem(original) if original else ""
    video = ListedVideo(split.value, _CODE, own, target, None, target or own)
    return video if target else video.standing_alone()


CORPUS = Corpus(
    name="dfdc",
    title="DFDC",
    manipulations={_CODE: "DeepFakeDetectionChallenge"},
    not_found=f"no folder in it has {_METADATA}, and there is no {_TEST}/{_LABELS}",
    give_root="give the folder that holds dfdc_train_part_0/ and so on, or one such part",
    recognises=recognises,
    list_videos=list_videos,
    terms="DFDC may not be redistributed",
)
