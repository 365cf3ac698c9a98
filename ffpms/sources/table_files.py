"""Table files: checks that each row of a table has a video file of its own."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ffpms.errors import unreadable
from ffpms.hashing import file_digest
from ffpms.regular_files import open_file, what_else
from ffpms.sources.listing import Listing, Source
from ffpms.sources.table_rows import Faults

_END = 4096
"""Number of bytes at either end of a file that are compared before all of it is."""


def check_listed_files(listing: Listing, sources: Iterable[Source]) -> None:
    """Checks that each row of a table has a file, and none that another row has too.

    A copy is refused as well: one of the two could be train, and the other one test.

    Raises:
        ManifestError: that is not so; says it of the first rows.
    """
    faults, planned = Faults(listing.table_file or Path()), {source.path for source in sources}
    files = {listing.root / path: own for path, own in listing.written.items() if path in planned}
    wrong = {file: why for file in files if (why := _why_no_video(file))}
    for file, why in wrong.items():
        faults.add(files[file].where, f"{files[file].path} {why}")
    for copy, file in _find_copies([file for file in files if file not in wrong], [_size, _ends, file_digest]):
        own, other = files[copy], files[file]
        same = "is the same file as" if copy.samefile(file) else "has the same bytes as"
        faults.add(own.where, f"{own.path} {same} {other.path} in {other.where}; remove one")
    faults.check()


def _why_no_video(file: Path) -> str:
    """Says why a path leads to no file; empty if it does."""
    try:
        other = what_else(file.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "is not there; correct its path, or remove the row"
    except OSError as error:
        return unreadable(error)
    return f"is {other}; write the path of the video itself" if other else ""


def _find_copies(files: list[Path], looks: Sequence[Callable[[Path], Hashable]]) -> Iterator[tuple[Path, Path]]:
    """Yields each file that looks like one before it in every way, and that one.

    The ways come in the order of what they cost. Files that look different are not looked at again.
    """
    look, *more = looks
    groups = defaultdict[Hashable, list[Path]](list)
    for file in files:
        with suppress(OSError):  # the build says what cannot be read
            groups[look(file)].append(file)
    for alike in groups.values():
        if more and len(alike) > 1:
            yield from _find_copies(alike, more)
        elif not more:
            yield from ((copy, alike[0]) for copy in alike[1:])


def _size(file: Path) -> Hashable:
    """Returns the size of a file; one that is empty is like no other, for it is no copy."""
    return file.stat().st_size or file


def _ends(file: Path) -> tuple[bytes, bytes]:
    """Returns the first and the last bytes of a file, in which few videos of one size are alike."""
    with open_file(file) as opened:
        first = opened.read(_END)
        opened.seek(max(0, file.stat().st_size - _END))
        return first, opened.read(_END)
