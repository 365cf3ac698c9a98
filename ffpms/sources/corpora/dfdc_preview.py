"""DFDC preview (Dolhansky et al. 2019): ``dataset.json`` has label, split and people of each video.

No fake names its real video, so each stands alone. A tenth of the people of train is val.
"""

import re
from pathlib import Path
from typing import Any

from ffpms.errors import ManifestError
from ffpms.protocol.listing import ListedVideo
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.corpus import Corpus
from ffpms.sources.json_lists import read_entries
from ffpms.sources.listed_files import Found, carve_val, make_listing
from ffpms.sources.listing import Listing, Request
from ffpms.sources.names import name_of_path

_LIST = "dataset.json"
_KINDS = {"DFDC-A": "method_A", "DFDC-B": "method_B"}
_CODES = {folder: code for code, folder in _KINDS.items()}
_SPLITS = {"train": Split.TRAIN, "test": Split.TEST}
_PERSON = re.compile(r"\d{3,}")


def recognises(root: Path) -> bool:
    """Whether a folder holds the list of the preview."""
    return (root / _LIST).is_file()


def list_videos(corpus: Corpus, request: Request) -> Listing:
    """Lists the videos of ``dataset.json``.

    Raises:
        ConfigError: the folder is no such tree.
        ManifestError: the list is damaged.
    """
    corpus.check_tree(request.root)
    path = request.root / _LIST
    found = [_describe(path, name, entry) for name, entry in read_entries(path).items()]
    return make_listing(corpus, request, carve_val(found, request.recipe, corpus.name), _KINDS)


def _describe(path: Path, name: str, entry: dict[str, Any]) -> Found:
    """Says what an entry tells of its video.

    Raises:
        ManifestError: it has not the label or the split that its folder and the list allow.
    """
    folder, label, split = name.partition("/")[0], entry.get("label"), _SPLITS.get(str(entry.get("set")))
    if split is None or label not in ("real", "fake") or (label == "fake") != (folder in _CODES):
        what = f"set {entry.get('set')!a} and label {label!a} of {name}"
        raise ManifestError(f"{path}: {what} are not train or test, and real or fake as its folder says; get it again")
    own, person = name_of_path(name), _person(name, entry.get("target_id"))
    if label == "real":
        return name, ListedVideo(split.value, ORIGINAL, own, own, None, person)
    source = entry.get("swapped_id")
    video = ListedVideo(split.value, _CODES[folder], own, "", None if source is None else str(source), person)
    return name, video.standing_alone()


def _person(name: str, target_id: object) -> str:
    """Returns who is seen: as the list says, or the first number in the path."""
    found = _PERSON.search(name)
    return str(target_id) if target_id is not None else found.group() if found else name


CORPUS = Corpus(
    name="dfdc-preview",
    title="DFDC-preview",
    manipulations=_KINDS,
    not_found=f"{_LIST} is not in it",
    give_root=f"give the folder that holds {_LIST}, original_videos/, method_A/ and method_B/",
    recognises=recognises,
    list_videos=list_videos,
    terms="DFDC may not be redistributed",
)
