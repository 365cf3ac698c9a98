"""Clutter: files that systems and programs leave in folders, and that are nobody's videos."""

import re
from collections.abc import Collection
from pathlib import Path

from ffpms.errors import ConfigError

_CLUTTER = re.compile(
    r"\.DS_Store|\._.*|\.nfs[0-9a-f]+|\.fuse_hidden.*|\.~lock\..*|~\$.*|.*~"  # macOS, NFS, FUSE, editors
    r"|\.(git|svn|hg|ipynb_checkpoints|Trash.*|Spotlight-.*|fseventsd|snapshot|directory)"
    r"|\.git(ignore|attributes|keep)|lost\+found|thumbs\.db|ehthumbs\.db|desktop\.ini"
    r"|@eaDir|#recycle|\$RECYCLE\.BIN|System Volume Information|__MACOSX",
    re.IGNORECASE,
)

UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".aria2", ".tmp", ".filepart")
"""What browsers and download tools hang on the name of a file that is not all there yet."""


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is left by a system, a file manager or an editor.

    Example:
        >>> is_clutter(".DS_Store"), is_clutter("._000.mp4"), is_clutter("000.mp4")
        (True, True, False)
    """
    return _CLUTTER.fullmatch(name) is not None


def check_free(out: Path, own: Collection[str] = ()) -> None:
    """Checks that a folder is new, or holds but ``own`` files and clutter.

    Raises:
        ConfigError: it is a file, or it holds something else.
    """
    there = next((path for path in (out, *out.parents) if path.exists()), out)
    if there.exists() and not there.is_dir():
        raise ConfigError(f"{there}: is no folder; give --out a new or empty one")
    others = [path.name for path in out.iterdir() if not is_clutter(path.name)] if out.is_dir() else []
    if not {*others} <= {*own}:
        raise ConfigError(f"{out}: holds something else; give --out a new or empty folder")
