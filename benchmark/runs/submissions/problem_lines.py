"""Lines on what is wrong with scores: a kind each, with the number and the first three."""

from collections.abc import Iterable

import pandas as pd

from ffpms.checks import shown
from ffpms.schema import UNKNOWN

_MAX_NAMED = 3
"""Maximum number of examples in an error line."""
_LONGEST = 60
"""Letters of a name that is shown whole."""


def describe(what: str, names: Iterable[str], todo: str) -> str:
    """Describes a problem, or returns '' if there is none; each name stands once.

    Example:
        >>> describe("scores above 1", ["DF_0_1", "DF_2_3", "DF_4_5", "DF_6_7"], "give others")
        'scores above 1: 4 (DF_0_1, DF_2_3, DF_4_5, ...); give others'
    """
    found = list(names)
    return f"{what}: {len(found)} ({list_names(found, _MAX_NAMED)}); {todo}" if found else ""


def list_names(names: Iterable[str], most: int) -> str:
    """Lists names of a stranger's file: the first of them, in short, without what is not printable.

    Example:
        >>> list_names(["a", "a", "b", "c"], most=2)
        'a, b, ...'
    """
    different = list(dict.fromkeys(names))
    short = (name if name.isprintable() and len(name) <= _LONGEST else shown(name) for name in different[:most])
    return ", ".join([*short, *(["..."] if len(different) > most else [])])


def name_rows(rows: pd.DataFrame) -> list[str]:
    """Names rows of scores: the bag, and what is known of slot, track and seed.

    Example:
        >>> name_rows(pd.DataFrame({"bag_id": ["DF_0_1"] * 2, "slot": [-1, 4], "seed": [0, 0]}))
        ['DF_0_1 of seed 0', 'DF_0_1 4 of seed 0']
    """
    keys = [name for name in ("bag_id", "slot", "track_id") if name in rows]
    names = [" ".join(str(v) for v in row if v != UNKNOWN) for row in rows[keys].itertuples(index=False)]
    seeds = rows["seed"] if "seed" in rows else [UNKNOWN] * len(rows)
    return [name if seed == UNKNOWN else f"{name} of seed {seed}" for name, seed in zip(names, seeds, strict=True)]
