"""The folder of an export: what it holds, so that a killed export goes on and no other is lost."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ffpms.clutter import check_free
from ffpms.errors import ConfigError, writing
from ffpms.locks import LOCK, hold_folder, names_in_work
from ffpms.regular_files import read_text
from ffpms.storage import PARTIAL, write_whole

ABOUT = "export.json"
"""Says what is exported into the folder, and whether all of it is there."""


@contextmanager
def claim(out: Path, identity: dict[str, Any]) -> Iterator[None]:
    """Locks the folder for this export; when all went well, ``export.json`` says that it is whole.

    Raises:
        ConfigError: it holds something else or another export, or another process exports into it.
        StorageError: it cannot be written to.
    """
    check_out(out, identity)
    with writing(out), hold_folder(out, out / LOCK, "exports into it"):
        check_out(out, identity)
        _remove_halves(out)
        _write(out, {"complete": False} | identity)
        yield
        _write(out, {"complete": True} | identity)


def check_out(out: Path, identity: dict[str, Any]) -> None:
    """Checks that a folder is free, or holds this very export, whole or not.

    Raises:
        ConfigError: it holds something else.
    """
    if not (out / ABOUT).is_file():
        check_free(out, names_in_work(out, ABOUT))
        return
    before = _read(out / ABOUT)
    if changed := [name for name, value in identity.items() if before.get(name) != value]:
        what = "; ".join(f"{name} {before.get(name)!r}, not {identity[name]!r}" for name in changed)
        raise ConfigError(f"{out}: holds another export ({what[:160]}); give another --out")


def _read(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise ConfigError(f"{path}: not written by 'ffpms export'; give another --out")
    return about


def _write(out: Path, about: dict[str, Any]) -> None:
    write_whole(out / ABOUT, json.dumps(about, indent=2) + "\n")


def _remove_halves(out: Path) -> None:
    """Removes what a killed export left half written; whoever calls it has the lock."""
    for left in out.rglob(f"*{PARTIAL}"):
        left.unlink(missing_ok=True)
