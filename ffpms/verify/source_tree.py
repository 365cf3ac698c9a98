"""Verifies a source tree before a build: every file is there, whole, and as its corpus says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ffpms.clutter import UNFINISHED
from ffpms.engine import run_local
from ffpms.errors import MediaError
from ffpms.extraction.altered_frames import find_beyond
from ffpms.extraction.decoding.frame_times import read_times
from ffpms.extraction.decoding.probe import VideoInfo, probe
from ffpms.extraction.decoding.video_file import is_named_mp4
from ffpms.progress import Progress, not_shown
from ffpms.protocol.listing import Seconds
from ffpms.regular_files import open_file
from ffpms.schema import ORIGINAL, bag_key
from ffpms.sources.listing import Listing, Source
from ffpms.sources.source_index import find_twins, other_splits, video_names
from ffpms.verify.findings import Finding, Kind, Report
from ffpms.verify.path_safety import check_regular, unreadable

_BOXES = (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
"""How an mp4 may begin.

Nothing else is given to the decoder: a play list in it could name other files.
"""


@dataclass(frozen=True)
class ProbeJob:
    """One planned file of the tree, and its fake seconds, if not all of it is fake."""

    root: Path
    path: str
    segments: tuple[Seconds, ...] = ()


def verify_tree(listing: Listing, workers: int = 1, progress: Progress = not_shown) -> Report:
    """Verifies the files that a corpus lists in a tree, and those beside them.

    Raises:
        ConfigError: the tree has no file of the split files.
    """
    root, recipe = listing.root, listing.recipe
    kinds = (ORIGINAL, *recipe.manipulations)
    sources = listing.sources(video.name for video in listing.videos if video.manipulation in kinds)
    jobs = [ProbeJob(root, source.path, source.segments) for source in sources]
    seen = dict(progress(run_local(look, jobs, workers), len(jobs)))
    extra = list(_extra(listing, sources))
    absent = {path for path, found in seen.items() if isinstance(found, Finding) and found.kind == Kind.MISSING}
    if listing.corpus.has_pairs:
        _check_fits(root, [source for source in sources if source.path not in absent], extra)
    infos = {path: found for path, found in seen.items() if isinstance(found, VideoInfo)}
    findings = [found for found in seen.values() if isinstance(found, Finding)]
    findings += [*extra, *_duplicates(listing, sources, infos), *_broken_rules(listing, sources, infos)]
    n_files = len(sources) - len(absent) + len(extra)
    about = {"ff_root": str(root), "layout": listing.layout, "compression": recipe.compression, "n_files": n_files}
    title = f"{listing.table_file}: {n_files} files"
    if not listing.table_file:
        title = f"{root}: {listing.layout} layout, {recipe.compression}, {n_files} files"
    return Report(about, title, [_for_table(finding, listing) for finding in findings])


def _for_table(finding: Finding, listing: Listing) -> Finding:
    """Names a file as its table does, if one lists it, with advice for one's own videos."""
    own = listing.written.get(finding.path)
    if own is None:
        return finding
    line = listing.corpus.advise(f"{finding.what}; {finding.todo}")
    told = Finding.from_line(own.path, finding.kind, line)
    return replace(told, what=f"{told.what} ({own.where})")


def look(job: ProbeJob) -> tuple[str, VideoInfo | Finding]:
    """Returns what a file is, or what is wrong with it."""
    path = job.root / job.path
    fault = check_regular(path, job.path, "download it")
    if fault:
        return job.path, _note_unfinished(fault, path)
    try:
        if is_named_mp4(path) and (other := _not_mp4(path, job.path)):
            return job.path, other
        about = probe(path)
        return job.path, _segments_beyond(job, about) or about
    except MediaError as error:
        kind = Kind(error.status) if error.status in list(Kind) else Kind.UNREADABLE
        return job.path, Finding.from_line(job.path, kind, error.reason)
    except OSError as error:
        return job.path, unreadable(job.path, error)
    except MemoryError:
        raise
    except Exception as error:  # one file must never hide what is wrong with the others
        what = f"unexpected {type(error).__name__}: {error}"
        return job.path, Finding(job.path, Kind.UNREADABLE, what, "please report it, with the file if you may")


def _note_unfinished(fault: Finding, path: Path) -> Finding:
    """Adds to a missing file that its download was not finished, if its beginning is there."""
    parts = [f"{path.name}{ending}" for ending in UNFINISHED if path.with_name(f"{path.name}{ending}").exists()]
    if fault.kind != Kind.MISSING or not parts:
        return fault
    return replace(fault, what=f"not found, but {parts[0]} is: an unfinished download", todo="finish the download")


def _not_mp4(path: Path, name: str) -> Finding | None:
    with open_file(path) as file:
        start = file.read(8)
    if not start or start[4:] in _BOXES:
        return None
    todo = "the download got a web page; download it again" if start[:1] == b"<" else "put the mp4 itself there"
    return Finding(name, Kind.UNREADABLE, f"no mp4 (it begins with {start!r})", todo)


def _segments_beyond(job: ProbeJob, about: VideoInfo) -> Finding | None:
    """Finds fake seconds in which the video has no frame."""
    if not job.segments:
        return None
    beyond = find_beyond(job.segments, read_times(job.root / job.path, about.n_frames))
    return Finding(job.path, Kind.LENGTH, beyond, "correct them in the table") if beyond else None


def _check_fits(root: Path, there: list[Source], extra: list[Finding]) -> None:
    """Checks that the splits fit: with no planned fake but others, they are another tree's."""
    if not there or (extra and not any(source.source_id for source in there)):
        raise other_splits(root, "fake" if there else "video")


def _extra(listing: Listing, sources: list[Source]) -> Iterator[Finding]:
    """Finds what is named as a video, but in no split file."""
    planned = {source.path for source in sources}
    twins = find_twins(listing.root, sources)
    for folder in listing.folders:
        for path in (f"{folder}/{name}" for name in video_names(listing.root / folder)):
            if path in twins:
                what = f"the same video as {twins[path]}, but for the case of its ending"
                yield Finding(path, Kind.DUPLICATE, what, "remove one")
            elif path not in planned:
                yield Finding(path, Kind.EXTRA, "in no split file", "remove it, or give --splits")


def _duplicates(listing: Listing, sources: list[Source], infos: dict[str, VideoInfo]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for path in (source.path for source in sources if source.path in infos):
        before = first.setdefault(infos[path].sha256, path)
        if before != path:
            other = listing.written.get(before)
            same = f"{other.path} in {other.where}" if other else before
            todo = "remove one row" if other else "download both again"
            yield Finding(path, Kind.DUPLICATE, f"the same bytes as {same}", todo)


def _broken_rules(listing: Listing, sources: Iterable[Source], infos: dict[str, VideoInfo]) -> Iterator[Finding]:
    """Checks files by what is published of them, else by the corpus's rules.

    Rules need a file's own properties and those of its real videos.
    """
    by_video = {source.source_video: infos[source.path] for source in sources if source.path in infos}
    for source in sources:
        if about := by_video.get(source.source_video):
            target, donor = (by_video.get(bag_key(ORIGINAL, str(i))) for i in (source.target_id, source.source_id))
            known = listing.published.get(source.source_video)
            for broken in listing.corpus.check(source, about, target, donor, known):
                yield Finding(source.path, Kind(broken.kind), broken.what, broken.todo)
