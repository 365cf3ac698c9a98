"""Rate grid: every fake bag at every number of fake frames.

A mix is a choice of rows, so the grid needs no new pixels.
"""

import pandas as pd

from ffpms.errors import ConfigError
from ffpms.protocol.listing import mixable
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.remixing import choose_fakes
from ffpms.schema import GRID

N_DRAWS = 5
"""Default number of draws of the rate grid."""


def plan_grid(slots: pd.DataFrame, recipe: Recipe, n_draws: int = N_DRAWS) -> pd.DataFrame:
    """Ranks the slots of each fake bag by when they turn fake, in each of several draws.

    A fake that stands alone is in no mix, and has no rank. Returns a GRID table in the order of the
    slots. A slot's rank is its place among the SHA-256 draws
    ``<split>/<manipulation>/<video_id>/grid/<draw>/slot/<slot>``. So the fake slots of a lower
    level are among those of a higher one. The ranks of a bag depend neither on other bags nor on
    the number of draws.

    Example:
        >>> from ffpms.protocol.v1_manifest import read_v1
        >>> grid = plan_grid(read_v1(), Recipe(), n_draws=1)
        >>> len(grid), sorted(grid["rank"].unique()) == list(range(20))  # 560 fake bags of 20 slots
        (11200, True)
    """
    bags = slots[mixable(slots)].drop_duplicates("bag_id")
    rows = [
        (bag["bag_id"], draw, slot, rank)
        for bag in bags.to_dict("records")
        for draw in range(n_draws)
        for slot, rank in _ranks(recipe, bag["split"], bag["manipulation"], bag["video_id"], "grid", draw)
    ]
    return pd.DataFrame(rows, columns=GRID.names)


def _ranks(recipe: Recipe, *draw: object) -> list[tuple[int, int]]:
    """Returns (slot, rank) in the order of the slots."""
    return sorted((slot, rank) for rank, slot in enumerate(recipe.fake_order(*draw)))


def mix_at_level(
    videos: pd.DataFrame, frames: pd.DataFrame, crops: pd.DataFrame, grid: pd.DataFrame, draw: int, level: int
) -> pd.DataFrame:
    """Makes ``level`` frames of each fake bag fake, by one draw of the grid: a FRAME table.

    Raises:
        ConfigError: the grid has no such draw or level.
    """
    own = grid[grid["draw"] == draw]
    if own.empty or not 0 <= level <= own["rank"].max() + 1:
        raise ConfigError(f"grid: no level {level} of draw {draw}; {_extent(grid)}")
    fake = own[own["rank"] < level]
    return choose_fakes(videos, frames, crops, set(zip(fake["bag_id"], fake["slot"], strict=True)))


def _extent(grid: pd.DataFrame) -> str:
    """Describes the draws and levels of the grid for an error message."""
    if grid.empty:
        return "this set has no fake bag"
    return f"it has draws 0 to {grid['draw'].max()} and levels 0 to {grid['rank'].max() + 1}"
