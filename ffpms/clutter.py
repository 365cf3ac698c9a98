"""Clutter: files that systems and programs leave in folders, and that are nobody's videos."""

import re

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
