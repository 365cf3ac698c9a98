"""One's own videos: a table lists them, with labels and, where known, originals and people.

Who is in a video is its ``person``. Without one, a fake and its original make a group, which stays
in one split as the videos of a person do.
"""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from ffpms.errors import ConfigError, ManifestError
from ffpms.protocol.listing import ListedVideo, listing_digest
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.corpus import Corpus
from ffpms.sources.listed_files import carve, not_named
from ffpms.sources.listing import Listing, Request, Written
from ffpms.sources.names import name_of_path
from ffpms.sources.registry import TABLE
from ffpms.sources.table_rows import Faults, Row, is_there, read_rows, with_home
from ffpms.stored_paths import unsafe_part

SHARES: Mapping[str, float] = {Split.TEST: 0.15, Split.VAL: 0.15}
"""Share of the people in each split, if the table has no splits; the others are train."""
_ALIKE = 0.75
"""How alike two names are of which one may be meant for the other, 0 to 1."""
_N_ADVISED = 3
"""Number of originals without a row for which a row is looked for."""
_LACKING = {(): "video", (0,): "fake video", (1,): "real video"}
"""What a split lacks, by the labels that it has."""


def list_videos(corpus: Corpus, request: Request) -> Listing:
    """Lists the videos of a table.

    Raises:
        ConfigError: no table is given, or its videos lie on several drives.
        ManifestError: the table cannot be read, or rows of it are wrong.
    """
    if request.table is None:
        raise ConfigError(f"corpus: {corpus.name} needs a table; {corpus.give_root}")
    table = with_home(request.table)
    base = Path(os.path.abspath(with_home(request.root)))  # noqa: PTH100  # links are not followed
    faults = Faults(table)
    rows = read_rows(table, base, faults)
    root = _common_folder(base, rows)
    _check_paths(rows, root, faults)
    _check_methods(rows, faults)
    groups = _group(rows)
    splits = _choose_splits(rows, groups, request, faults)
    faults.check()
    if not any(row.label for row in rows):
        raise ManifestError(f"{table}: no video in it is fake; label those 1 or fake that are")
    videos = _describe(rows, groups, splits, base)
    paths = {video.name: _below(root, row) for row, video in videos}
    kinds = dict.fromkeys(sorted({row.manipulation for row in rows} - {ORIGINAL}))
    recipe = corpus.adopt(request.recipe, {code: code for code in kinds})
    listed = [video for _, video in videos]
    built = [row for row in rows if row.manipulation in recipe.manipulations]
    notes = [*_renamed(built), *not_named(listed, recipe), *_lacking_splits(rows, groups, splits)]
    name = re.sub(r"[^0-9A-Za-z._-]+", "-", table.stem) or TABLE
    return Listing(
        corpus,
        root,
        recipe,
        listed,
        paths,
        corpus.title,
        listing_digest(listed),
        table=name,
        table_file=table,
        written={paths[video.name]: Written(row.where, row.written) for row, video in videos},
        notes=tuple(f"{table}: {note}" for note in notes),
    )


def _check_paths(rows: list[Row], root: Path, faults: Faults) -> None:
    """Checks that each video stands once, at a path that a set may name on any system.

    Originals must be real videos of the table.
    """
    first: dict[str, Row] = {}
    for row in rows:
        before = first.setdefault(row.path, row)
        if before is not row:
            faults.add(row.where, f"{row.written} stands in {before.where} too; remove one")
        if part := unsafe_part(_below(root, row)):
            what = f"{row.written} has a colon or backslash in the name {part}"
            faults.add(row.where, f"{what}; rename that, or correct the path")
    _check_originals([row for row in rows if row.original and row.original not in faults.wrong], first, faults)


def _check_originals(fakes: list[Row], rows: Mapping[str, Row], faults: Faults) -> None:
    """Checks that the originals of fakes are real videos of the table, whose rows are by path.

    Where one has no row, a real video whose file is missing may be meant for it.
    """
    orphans = [row for row in fakes if row.original not in rows]
    real = [row for row in rows.values() if not row.label] if orphans else []
    lost = {Path(row.path).stem: row for row in real if not is_there(Path(row.path))}
    for row in fakes:
        if row.original in rows and rows[row.original].label:
            faults.add(row.where, f"original {row.written_original} is fake too; name a real one")
    for n, row in enumerate(orphans):
        near = get_close_matches(Path(row.original).stem, lost, 1, _ALIKE) if n < _N_ADVISED else []
        more = "".join(f", or correct {lost[name].where}, for there is no {lost[name].written}" for name in near)
        faults.add(row.where, f"original {row.written_original} is not in the table; add its row{more}")


def _check_methods(rows: list[Row], faults: Faults) -> None:
    """Checks that no two manipulations get one code, on disks that know no case either."""
    first: dict[str, Row] = {}
    for row in rows:
        before = first.setdefault(row.manipulation.lower(), row)
        if before.method != row.method and row.label:
            what = f"manipulation {row.method!r} would be {row.manipulation}, as {before.method!r} in {before.where} is"
            faults.add(row.where, f"{what}; write them alike, or give one another name")


def _renamed(rows: list[Row]) -> Iterator[str]:
    """Says which manipulations have another name in the tables of the set."""
    codes = {row.method: row.manipulation for row in rows if row.method != row.manipulation}
    if codes:
        yield "called in the set: " + ", ".join(f"{code} for {method!r}" for method, code in sorted(codes.items()))


def _lacking_splits(rows: list[Row], groups: Mapping[str, str], splits: Mapping[str, str]) -> Iterator[str]:
    """Says which splits lack real or fake videos.

    Of splits that the table gives, one without any video is none.
    """
    given = any(row.split for row in rows)
    there = {s: tuple(sorted({row.label for row in rows if splits[row.path] == s})) for s in Split}
    found = {split: labels for split, labels in there.items() if labels in _LACKING and (labels or not given)}
    lacking = [f"{split} has no {_LACKING[labels]}" for split, labels in found.items()]
    if lacking and given:
        yield f"{', '.join(lacking)}; list some, for a detector learns and is scored on both"
    elif lacking:
        few = f"{len(set(groups.values()))} people or originals are few for three splits"
        todo = "write a column split, list more people, or give another --seed"
        yield f"as drawn, {', '.join(lacking)} ({few}); {todo}"


def _group(rows: list[Row]) -> dict[str, str]:
    """Returns the group of each path: of one person, or of an original and its fakes.

    Videos that share either are of one group, which bears the first name of its people, or else of
    its videos.
    """
    parent: dict[str, str] = {}

    def find(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for row in rows:
        own = find(row.path)
        for other in filter(None, (row.original, f"\0{row.person.casefold()}" if row.person else "")):
            low, high = sorted((own, find(other)))
            parent[high] = own = low
    return {row.path: find(row.path).removeprefix("\0") for row in rows}


def _choose_splits(rows: list[Row], groups: Mapping[str, str], request: Request, faults: Faults) -> dict[str, str]:
    """Returns the split of each path: as the table has it, or else drawn by groups."""
    given = [row for row in rows if row.split]
    if not given:
        drawn = carve(groups.values(), SHARES, request.recipe, TABLE)
        return {path: drawn[group] for path, group in groups.items()}
    for row in rows:
        if not row.split:
            faults.add(row.where, "has no split, but other rows have; give all rows one, or none")
    first: dict[str, Row] = {}
    for row in given:
        before = first.setdefault(groups[row.path], row)
        if before.split != row.split:
            faults.add(row.where, f"{_say_conflict(row, before)}; give one split")
    return {row.path: row.split for row in given}


def _say_conflict(row: Row, before: Row) -> str:
    """Says why a row may not be in another split than one before it, of the same group."""
    if row.person and row.person.casefold() == before.person.casefold():
        return f"person {row.person} is in {row.split}, and in {before.split} in {before.where}"
    link = "a fake of it" if before.original == row.path else "linked to it by people or originals"
    link = "its original" if row.original == before.path else link
    return f"it is in {row.split}, and {before.where}, {link}, is in {before.split}"


def _describe(
    rows: list[Row], groups: Mapping[str, str], splits: Mapping[str, str], base: Path
) -> list[tuple[Row, ListedVideo]]:
    """Makes the video of each row; one with segments stands alone, for its labels are its own.

    Its ``pair_id`` is the name of its group's first video, and never that of a person: a set, its
    scores and its recipe are handed on.
    """
    names = {row.path: name_of_path(os.path.relpath(row.path, base).replace(os.sep, "/")) for row in rows}
    firsts = {groups[path]: names[path] for path in sorted(names, reverse=True)}
    described = []
    for row in rows:
        own, pair = names[row.path], firsts[groups[row.path]]
        target = own if row.label == 0 else names.get(row.original, "")
        video = ListedVideo(splits[row.path], row.manipulation, own, target, None, pair, row.segments)
        described.append((row, video if target and not row.segments else video.standing_alone()))
    return described


def _below(root: Path, row: Row) -> str:
    """Returns the path of a row's video below the root, with forward slashes."""
    return os.path.relpath(row.path, root).replace(os.sep, "/")


def _common_folder(base: Path, rows: list[Row]) -> Path:
    """Returns the lowest folder that holds the table's folder and all videos."""
    try:
        return Path(os.path.commonpath([base, *(Path(row.path).parent for row in rows)]))
    except ValueError:
        raise ConfigError(f"{base}: not all videos are on its drive; put them and the table on one drive") from None


CORPUS = Corpus(
    name=TABLE,
    title=TABLE,
    manipulations={},
    not_found="a table lists its videos",
    give_root="give --table FILE, and see that its paths are relative to its folder",
    list_videos=list_videos,
    editions=None,
)
