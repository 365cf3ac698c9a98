"""Nearby trees: finds the tree of a corpus above or below a folder that was given for it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

_N_ABOVE, _N_BELOW = 2, 64


def near_tree(folder: Path, is_tree: Callable[[Path], bool]) -> str:
    """Says which folder above or below is a tree, as advice; empty if none is.

    Example:
        >>> near_tree(Path("/data/corpus/videos"), lambda folder: folder.name == "corpus")
        'give /data/corpus, which is one'
    """
    for near in _near(folder):
        with suppress(OSError):  # a folder that nobody may look into is no tree
            if is_tree(near):
                return f"give {near}, which is one"
    return ""


def _near(folder: Path) -> Iterator[Path]:
    """Yields the folders in a folder, by name, and those above it, the nearest first."""
    with suppress(OSError):
        yield from islice(sorted(entry for entry in folder.iterdir() if entry.is_dir()), _N_BELOW)
    yield from islice(folder.absolute().parents, _N_ABOVE)
