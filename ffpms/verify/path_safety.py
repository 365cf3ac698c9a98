"""Safe file checks: opens only regular files, and only where they should be."""

import os
import re
import stat
from pathlib import Path

from ffpms.verify.findings import Finding, Kind

DISTRUST = "do not trust this set; build it again"
"""What to do about a set whose manifest names unsafe paths."""
_UNSAFE = re.compile(r"[\\:\x00]")


def check_regular(path: Path, name: str, todo: str) -> Finding | None:
    """Returns a finding, named ``name``, if the path is no regular file.

    To open a pipe would be to wait for ever.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Finding(name, Kind.MISSING, "a link that leads nowhere" if path.is_symlink() else "not found", todo)
    except OSError as error:
        return unreadable(name, error)
    if stat.S_ISREG(mode):
        return None
    return Finding(name, Kind.NOT_A_FILE, f"{_what_it_is(mode)}, no file", f"remove it, then {todo}")


def unreadable(name: str, error: Exception) -> Finding:
    """Returns the finding for a file that cannot be read."""
    reason = getattr(error, "strerror", None) or str(error)
    return Finding(name, Kind.UNREADABLE, f"cannot be read ({reason})", "fix its permissions, or get it again")


def _what_it_is(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"


def check_plain(name: str) -> Finding | None:
    """Returns a finding if a manifest's path is not plainly below a folder, on any system.

    Example:
        >>> check_plain("crops/953/a.png") is None, check_plain("../a.png").kind.value
        (True, 'unsafe_path')
    """
    if not _UNSAFE.search(name) and all(part not in ("", ".", "..") for part in name.split("/")):
        return None
    what = "a manifest names this path, which is not plainly below its folder"
    return Finding(name, Kind.UNSAFE_PATH, what, DISTRUST)


def check_inside(root: Path, name: str) -> Finding | None:
    """Returns a finding if a manifest's path is not below the root, or leaves it by a link."""
    fault = check_plain(name)
    if fault or Path(os.path.realpath(root / name)).is_relative_to(os.path.realpath(root)):
        return fault
    return Finding(name, Kind.UNSAFE_PATH, "leads out of the built set by a link", "put the files themselves there")
