"""Checks a built set against what its table lists now."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.dataset.set_files import corpus_of, read_report, stored_settings
from ffpms.errors import ConfigError
from ffpms.protocol.recipe import Recipe
from ffpms.sources.listing import Listing, Request
from ffpms.sources.registry import TABLE
from ffpms.sources.source_index import list_videos
from ffpms.verify.findings import Finding, Kind

_TODO = "put the old row back, or build anew into another folder"


def list_again(data: Path, table: Path, root: Path | None) -> Listing:
    """Lists the videos of a table for a built set, whose seed may have drawn their splits.

    Raises:
        ConfigError: the set was not built from a table.
        ManifestError: there is no set, or the table is wrong.
    """
    report = read_report(data)
    corpus = corpus_of(report)
    if corpus.name != TABLE:
        raise ConfigError(f"{data}: was built from a tree, not from a table; give --root in place of --table")
    recipe = replace(Recipe(), seed=stored_settings(report)[0].seed)
    return list_videos(corpus, Request(root or table.parent, recipe, table=table))


def check_listing(listing: Listing, report: dict[str, Any], sources: pd.DataFrame) -> Iterator[Finding]:
    """Returns findings about videos of a set whose rows are gone or changed.

    ``report`` has the digest of all rows that there were, ``sources`` the videos by their names.
    """
    if report["config"].get("pairs_sha256") == listing.sha256:
        return
    table = Path(listing.table_file or "").name
    changes = [(path, f"{what} {table}") for path, what in _find_changes(listing, sources)]
    for path, what in changes or [(table, "other rows or fake segments than when the set was built")]:
        yield Finding(path, Kind.CHANGED, what, _TODO)


def _find_changes(listing: Listing, sources: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yields the path of each video whose row changed, and how."""
    there, paths = {video.name: (video.split, video.target_id) for video in listing.videos}, {*listing.paths.values()}
    for name, path, *own in sources[["path", "split", "target_id"]].itertuples():
        if name not in there:
            yield path, "has another label or manipulation in" if path in paths else "is no longer in"
        elif tuple(own) != there[name]:
            yield path, "has another split, original or person in"
