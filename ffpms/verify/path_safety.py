"""Safe file checks: opens only regular files, and only where they should be."""

from pathlib import Path

from ffpms import errors
from ffpms.regular_files import what_else
from ffpms.stored_paths import is_inside, is_plain
from ffpms.verify.findings import Finding, Kind

DISTRUST = "do not trust this set; build it again"
"""What to do about a set whose manifest names unsafe paths."""


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
    other = what_else(mode)
    return Finding(name, Kind.NOT_A_FILE, f"{other}, no file", f"remove it, then {todo}") if other else None


def unreadable(name: str, error: OSError) -> Finding:
    """Returns the finding for a file that the system does not let one read."""
    return Finding.from_line(name, Kind.UNREADABLE, errors.unreadable(error))


def check_plain(name: str) -> Finding | None:
    """Returns a finding if a manifest's path is not plainly below a folder, on any system.

    Example:
        >>> check_plain("crops/953/a.png") is None, check_plain("../a.png").kind.value
        (True, 'unsafe_path')
    """
    if is_plain(name):
        return None
    what = "a manifest names this path, which is not plainly below its folder"
    return Finding(name, Kind.UNSAFE_PATH, what, DISTRUST)


def check_inside(root: Path, name: str) -> Finding | None:
    """Returns a finding if a manifest's path is not below the root, or leaves it by a link."""
    fault = check_plain(name)
    if fault or is_inside(root, name):
        return fault
    return Finding(name, Kind.UNSAFE_PATH, "leads out of the built set by a link", "put the files themselves there")
