"""Folder for the crops of people, while a prediction runs; no face stays in it when it ends.

A process that is killed cannot remove its own. The next prediction does.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from filelock import Timeout

from ffpms.errors import writing
from ffpms.locks import take_lock
from ffpms.storage import temp_folder

PREFIX = "ffpms-predict-"
LOCK = "in-use.lock"
"""File that a process locks as long as it uses the folder."""
_NEW_S = 5.0
"""Seconds in which a folder may be about to be locked by the process that made it."""
_OLD_S = 24 * 3600.0
"""Seconds without a change after which a folder without a lock is left: of an older version."""


@contextmanager
def crop_folder() -> Iterator[Path]:
    """Makes a folder for crops, and removes it at the end. First it removes those of killed runs.

    Raises:
        StorageError: the folder of temporary files cannot be written to.
    """
    _remove_abandoned()
    with writing(temp_folder()):
        folder = Path(mkdtemp(prefix=PREFIX))
        lock = take_lock(folder / LOCK)
    try:
        yield folder
    finally:
        lock.release()  # first: Windows removes no file that is locked
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned() -> None:
    """Removes the folders of this user's processes that were killed, and no other."""
    for folder in temp_folder().glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            locked, age_s = (folder / LOCK).is_file(), time.time() - folder.lstat().st_mtime
            if folder.is_symlink() or age_s < (_NEW_S if locked else _OLD_S):
                continue
            if locked:
                take_lock(folder / LOCK).release()  # raises if a process is at work
            shutil.rmtree(folder)
