"""Differences: in what a built set is not the one that a recipe describes, row by row."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ffpms.checks import shown
from ffpms.export.tables import OF_A_MACHINE

KEYS = {
    "sources": ["source_video"],
    "videos": ["bag_id"],
    "frames": ["bag_id", "slot", "track_id"],
    "crops": ["source_video", "frame_index", "track_id"],
    "grid": ["bag_id", "draw", "slot"],
}
"""What names a row of each table; in the order of causes: another video makes other crops."""


def differences(recipe: Mapping[str, pd.DataFrame], built: Mapping[str, pd.DataFrame], whole: bool) -> list[str]:
    """Returns a line a row that differs: its table, its name, and each other value.

    Rows that only the built set has count if the recipe is of a whole set.
    """
    return [line for name, keys in KEYS.items() if name in recipe for line in _rows(name, keys, recipe, built, whole)]


def _rows(
    name: str, keys: list[str], recipe: Mapping[str, pd.DataFrame], built: Mapping[str, pd.DataFrame], whole: bool
) -> Iterator[str]:
    theirs, own = _by_key(recipe[name], keys), _by_key(built[name], keys)
    for key, row in theirs.items():
        place = f"{name}.parquet: {' '.join(map(str, key))}"
        if key not in own:
            yield f"{place}: is in the recipe alone"
        elif changed := [column for column, value in row.items() if not _same(value, own[key][column])]:
            yield f"{place}: {'; '.join(_change(column, row[column], own[key][column]) for column in changed)}"
    if whole:
        more = [key for key in own if key not in theirs]
        yield from (f"{name}.parquet: {' '.join(map(str, key))}: is in the built set alone" for key in more)


def _by_key(table: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    columns = [column for column in table.columns if column not in (*keys, *OF_A_MACHINE)]
    rows = zip(table[keys].itertuples(index=False, name=None), table[columns].to_dict("records"), strict=True)
    return {key: {str(column): value for column, value in row.items()} for key, row in rows}


def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (pd.isna(one) and pd.isna(other)))


def _change(column: str, theirs: Any, own: Any) -> str:
    if column == "sha256":
        return f"{column} {str(own)[:12] or 'none'}, not {str(theirs)[:12] or 'none'}"
    return f"{column} {shown(own)}, not {shown(theirs)}"
