"""Table files: checks that each row of a table has a video file of its own."""

from collections.abc import Iterable
from pathlib import Path

from ffpms.errors import unreadable
from ffpms.regular_files import what_else
from ffpms.sources.listing import Listing, Source, Written
from ffpms.sources.table_rows import Faults


def check_listed_files(listing: Listing, sources: Iterable[Source]) -> None:
    """Checks that each row of a table has a file, and none that another row has by another path.

    Raises:
        ManifestError: that is not so; says it of the first rows.
    """
    faults, first = Faults(listing.table_file or Path()), dict[tuple[int, int], Written]()
    planned = {source.path for source in sources}
    for path, own in listing.written.items():
        if path not in planned:
            continue
        try:
            about = (listing.root / path).stat()
        except OSError as error:
            faults.add(own.where, f"{own.path} {_why_unseen(error)}")
            continue
        if other := what_else(about.st_mode):
            faults.add(own.where, f"{own.path} is {other}; write the path of the video itself")
        before = first.setdefault((about.st_dev, about.st_ino), own)
        if before is not own:
            faults.add(own.where, f"{own.path} is the same file as {before.path} in {before.where}; remove one")
    faults.check()


def _why_unseen(error: OSError) -> str:
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    return "is not there; correct its path, or remove the row" if missing else unreadable(error)
