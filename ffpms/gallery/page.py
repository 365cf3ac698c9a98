"""Writes bags as a page to look through; it shows the crops where they lie, so it is small.

Faces of FaceForensics++ may not be published. So the page holds none: it works where the set is.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ManifestError
from ffpms.gallery.bags import Mark, ShownBag, ShownFace
from ffpms.html import render
from ffpms.schema import Status
from ffpms.storage import write_whole
from ffpms.stored_paths import is_crop

_MARKS = list(Mark)


def write_page(out: Path, data: BuiltSet, bags: Sequence[ShownBag], bucket: Mapping[str, str]) -> None:
    """Writes a page of bags that links to the crops of their set.

    ``bucket`` is the name of each bag's fake rate; ``''`` for a real bag.

    Raises:
        ManifestError: crops are missing.
        StorageError: the disk does not accept the page.
    """
    check_crops(data, bags)
    page = render(
        "ffpms.gallery/page.html",
        title=f"Bags of {data.name}",
        images="'self' file: data:",
        place=str(data.place),
        n_bags=len(data.videos),
        shown={"base": _address(data.root, out), "bags": [_as_json(bag, bucket[bag.bag_id]) for bag in bags]},
        marks=[str(mark) for mark in _MARKS],
        side=data.side,
    )
    write_whole(out, page)


def check_crops(data: BuiltSet, bags: Sequence[ShownBag]) -> None:
    """Checks that every crop of some bags is there, folder by folder; none is opened.

    Raises:
        ManifestError: one is not; says how many are missing.
    """
    faces = [face for bag in bags for _, own in bag.people for face in own]
    wanted = dict.fromkeys(crop for face in faces for crop in (face.crop, face.real) if crop)
    if odd := next((crop for crop in wanted if not is_crop(crop)), None):
        raise ManifestError(f"{data.place}: a table names {odd!r} as a crop; 'ffpms build' writes no such set")
    there = {folder: _names(data.root / folder) for folder in dict.fromkeys(crop.rpartition("/")[0] for crop in wanted)}
    missing = [crop for crop in wanted if crop.rpartition("/")[2] not in there[crop.rpartition("/")[0]]]
    if missing:
        more = f", and {len(missing) - 1} more of {len(wanted)} crops" if len(missing) > 1 else ""
        raise ManifestError(f"{data.place / missing[0]}: not found{more}; run the same 'ffpms build' again")


def _names(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except OSError:
        return set()


def _address(root: Path, out: Path) -> str:
    """Returns the address of a set as a page sees it.

    It is relative to the page, unless the set is on another drive.
    """
    try:
        path = os.path.relpath(root, out.absolute().parent).replace(os.sep, "/")
    except ValueError:  # Windows has no way from one drive to another
        return root.as_uri()
    return quote_from_bytes(os.fsencode(path))


def _as_json(bag: ShownBag, bucket: str) -> dict[str, Any]:
    """Returns a bag with short keys: a set has 100,000 faces."""
    folders: dict[str, int] = {}
    people = [
        {"track": track, "faces": [_face_as_json(face, folders) for face in faces]} for track, faces in bag.people
    ]
    return {
        "id": bag.bag_id,
        "split": bag.split,
        "kind": bag.manipulation,
        "bucket": bucket,
        "rate": bag.n_fake / bag.n_frames if bag.n_frames else 0,
        "about": bag.about,
        "error": bag.error,
        "real": bag.counterpart if bag.is_fake and bag.target_id != bag.bag_id else "",
        "people": people,
        "folders": list(folders),
    }


def _face_as_json(face: ShownFace, folders: dict[str, int]) -> list[Any]:
    """Returns frame, mark, remark, and the crop and the real video's: a folder and a name, or 0."""

    def place(crop: str) -> Any:
        folder, _, name = crop.rpartition("/")
        return [folders.setdefault(folder, len(folders)), name] if crop else 0

    remark = "" if face.status == Status.OK else face.remark
    return [face.frame_index, _MARKS.index(face.mark), remark, place(face.crop), place(face.real)]
