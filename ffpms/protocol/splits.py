"""Split files: lists of id pairs, in the format of FaceForensics++."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import data_manifests
from ffpms.checks import shown, texts
from ffpms.errors import ConfigError, ManifestError, unreadable
from ffpms.hashing import digest
from ffpms.regular_files import read_text
from ffpms.schema import Split

Pairs = dict[str, list[tuple[str, str]]]
"""Maps each split to its pairs of ids.

A pair (a, b) stands for the originals a and b, and for the fakes a_b and b_a of each method.
"""

OFFICIAL = data_manifests.ROOT / "ffpp"
"""Folder of the official split files of FaceForensics++."""
_WANTED = "--splits wants a folder with train.json, val.json, test.json"
_NO_DEVICE = r"(?!(?:con|prn|aux|nul|com\d|lpt\d)$)"
_ID = re.compile(_NO_DEVICE + r"[0-9a-z][0-9a-z-]{0,31}", re.ASCII | re.IGNORECASE)
_NAME = re.compile(_NO_DEVICE + r"[0-9a-z][0-9a-z_-]{0,119}", re.ASCII | re.IGNORECASE)


def is_safe_id(text: object) -> bool:
    """Whether an id can be part of a file name on any system.

    It has 1 to 32 letters, digits and dashes, no dash in front, and is no name of a Windows device.

    Example:
        >>> is_safe_id("id0_0001"), is_safe_id("id0-0001"), is_safe_id("con")
        (False, True, False)
    """
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def is_safe_name(text: object) -> bool:
    """Whether a video's name can be that of a folder on any system.

    It has 1 to 120 letters, digits, dashes and underscores, none of the last two in front, and is
    no name of a Windows device.

    Example:
        >>> is_safe_name("id0_0001"), is_safe_name("../a"), is_safe_name("con")
        (True, False, False)
    """
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def known_splits(names: object) -> tuple[str, ...]:
    """Returns the named splits in the order train, val, test.

    Raises:
        ConfigError: there is none, or one of another name.

    Example:
        >>> known_splits(("test", "train"))
        ('train', 'test')
    """
    named = texts("split", names)
    unknown = [name for name in named if name not in list(Split)]
    if unknown or not named:
        raise ConfigError(f"split: {', '.join(unknown) or 'none'}; choose from train,val,test")
    return tuple(split.value for split in Split if split in named)


def read_pairs(folder: Path | None = None) -> Pairs:
    """Reads ``train.json``, ``val.json`` and ``test.json``; by default the official ones.

    Raises:
        ManifestError: a file is missing or is no list of id pairs, or an id occurs twice.

    Example:
        >>> {split: len(members) for split, members in read_pairs().items()}
        {'train': 360, 'val': 70, 'test': 70}
    """
    folder = folder or OFFICIAL
    pairs = {split.value: _read_file(folder / f"{split}.json") for split in Split}
    _check_disjoint(pairs, folder)
    return pairs


def _read_file(path: Path) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(read_text(path))
    except (FileNotFoundError, NotADirectoryError):
        raise ManifestError(f"{path}: not found; {_WANTED}") from None
    except IsADirectoryError as error:
        raise ManifestError(f"{path}: {error.strerror}; {_WANTED}") from None
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: not JSON ({error}); a split file is a list of id pairs") from None
    return _as_pairs(pairs, path)


def check_pairs(pairs: Mapping[str, Iterable[tuple[str, str]]], splits: Iterable[str]) -> Pairs:
    """Checks pairs that are given as a dict, as :func:`read_pairs` checks files.

    A split that is not among ``splits`` may be left out: it is then empty.

    Raises:
        ManifestError: a split is missing or unknown or has no list of id pairs, or an id occurs
            twice.

    Example:
        >>> check_pairs({"test": [("953", "974")]}, ["test"])
        {'train': [], 'val': [], 'test': [('953', '974')]}
    """
    if unknown := [name for name in pairs if name not in list(Split)]:
        raise ManifestError(f"pairs: {shown(unknown[0])} is no split; choose from {', '.join(Split)}")
    if missing := [name for name in splits if name not in pairs]:
        raise ManifestError(f"pairs: no {', '.join(missing)}, which is to be built; add it, or build other splits")
    checked = {split.value: _as_pairs(pairs.get(split, []), f"pairs, {split}") for split in Split}
    _check_disjoint(checked, "pairs")
    return checked


def _as_pairs(pairs: object, where: Path | str) -> list[tuple[str, str]]:
    """Returns a split's pairs of safe ids, from JSON or from Python; ``where`` begins an error."""
    if not isinstance(pairs, list | tuple) or not all(_is_pair(pair) for pair in pairs):
        raise ManifestError(f'{where}: not a list of id pairs such as [["953", "974"], ...]')
    for video_id in (i for pair in pairs for i in pair):
        if not is_safe_id(video_id):
            what = "no id of up to 32 letters, digits and dashes"
            raise ManifestError(f"{where}: {video_id[:40]!a} is {what}; ids become file names")
    return [(first, second) for first, second in pairs]


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(i, str) for i in pair)


def _check_disjoint(pairs: Pairs, where: Path | str) -> None:
    """Raises ManifestError if an id is in two pairs: a face could then be in both train and test.

    ``a`` and ``A`` count as the same id, because they are one file on some disks.
    """
    seen: dict[str, str] = {}
    for split, members in pairs.items():
        for video_id in (i for pair in members for i in pair):
            if video_id.lower() in seen:
                before = seen[video_id.lower()]
                raise ManifestError(f"{where}: id {video_id} stands in {before} and again in {split}; remove one")
            seen[video_id.lower()] = split


def pairs_digest(pairs: Pairs) -> str:
    """Returns the SHA-256 of the content of the split files.

    Example:
        >>> pairs_digest({"test": [("953", "974")]}) == pairs_digest({"test": [("974", "953")]})
        False
    """
    return digest(json.dumps(pairs, sort_keys=True).encode())
