"""JSON lists: reads a corpus's JSON file that has an entry for each video, by its path."""

import json
from pathlib import Path
from typing import Any

from ffpms.errors import ManifestError, unreadable
from ffpms.regular_files import read_text
from ffpms.stored_paths import is_plain


def read_entries(path: Path) -> dict[str, dict[str, Any]]:
    """Reads the entries of a file such as ``metadata.json``.

    Raises:
        ManifestError: it cannot be read, or is not of that form.
    """
    try:
        found = json.loads(read_text(path))
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: not JSON ({error}); download it again") from None
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        raise ManifestError(f"{path}: has no entry for each video; download it again")
    return {check_name(path, name): entry for name, entry in found.items()}


def check_name(path: Path, name: object) -> str:
    """Returns the path of a video that a list names, if it is plainly below the list's folder.

    Raises:
        ManifestError: it is not.
    """
    if not isinstance(name, str) or not is_plain(name):
        raise ManifestError(f"{path}: names a file that is not below its folder ({name!a}); do not use it")
    return name
