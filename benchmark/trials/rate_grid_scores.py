"""Rate grid: scores every fake test bag at every number of fake frames, in several draws."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from scipy.special import expit

from benchmark.training.predict import Score
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.schema import NO_FACE_SCORE

_COLUMNS = ("bag_id", "manipulation", "pair_id", "fake_rate", "draw", "n_fake", "score")

DrawLevel = tuple[int, int]
"""Draw, and number of fake frames."""


def score_grid(data: BuiltSet, fakes: Sequence[BagRecord], reals: Sequence[BagRecord], score: Score) -> pd.DataFrame:
    """Scores the rate grid: GRID_SCORE rows without a run's name.

    ``fakes`` are bags with all frames fake, ``reals`` the same bags with all frames replaced. A mix
    without a face counts as undecided, like a test video without one.
    """
    ranks = _by_draw(data, fakes)
    cells = [
        (draw, level) for draw in sorted({d for _, d in ranks}) for level in range(data.recipe.frames_per_video + 1)
    ]
    real = {bag.bag_id: bag for bag in reals}
    rows: list[dict[str, object]] = []
    for fake in fakes:
        mixes = {p: mix(fake, real[fake.bag_id], ranks[fake.bag_id, p[0]], p[1]) for p in cells}
        seen = [cell for cell, mixed in mixes.items() if mixed.crops]
        found = {cell: expit(s.video_logit) for cell, s in zip(seen, score([mixes[c] for c in seen]), strict=True)}
        found |= {cell: NO_FACE_SCORE for cell, mixed in mixes.items() if mixed.faceless}
        rows += [_row(mixed, cell, found[cell]) for cell, mixed in mixes.items() if cell in found]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _by_draw(data: BuiltSet, bags: Sequence[BagRecord]) -> dict[tuple[str, int], dict[int, int]]:
    """Returns the rank of each slot, by bag and draw."""
    ranks: dict[tuple[str, int], dict[int, int]] = {}
    wanted = data.grid["bag_id"].isin([bag.bag_id for bag in bags])
    for row in data.grid[wanted].to_dict("records"):
        ranks.setdefault((row["bag_id"], row["draw"]), {})[row["slot"]] = row["rank"]
    return ranks


def mix(fake: BagRecord, real: BagRecord, rank: dict[int, int], level: int) -> BagRecord:
    """Makes the slots of rank below ``level`` fake and the others real."""
    faces = [f for f in fake.instances if rank[f[0]] < level] + [f for f in real.instances if rank[f[0]] >= level]
    return replace(fake.with_faces(sorted(faces)), label=int(level > 0), fake_rate=level / len(rank))


def _row(bag: BagRecord, cell: DrawLevel, score: float) -> dict[str, object]:
    about = {name: getattr(bag, name) for name in _COLUMNS[:4]}
    return about | {"draw": cell[0], "n_fake": cell[1], "score": score}
