"""Checks whether settings of the mix can come true in the bags that are planned."""

from collections.abc import Iterator

import pandas as pd

from ffpms.protocol.flags import with_flag
from ffpms.protocol.listing import mixable
from ffpms.protocol.naming import OF_THE_LABELS
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.set_settings import SetSettings
from ffpms.schema import Split

_OF_THE_MIX = tuple(key for key in OF_THE_LABELS if key != "frames_per_video")


def idle_flags(recipe: Recipe) -> str:
    """Names the flags of a recipe, other than the defaults, that do nothing where none is mixed.

    Example:
        >>> idle_flags(Recipe(placement="segments", segments=(2, 2))), idle_flags(Recipe())
        ('--placement segments, --segments 2-2', '')
    """
    own, usual = SetSettings(recipe).as_flags(), SetSettings().as_flags()
    return ", ".join(with_flag(key, own[key]) for key in _OF_THE_MIX if own[key] != usual[key])


def note_mix(slots: pd.DataFrame, recipe: Recipe) -> Iterator[str]:
    """Yields a line on each setting of the mix that does nothing, or not all it says, in a plan.

    ``slots`` is the table of :func:`ffpms.protocol.plan.plan_videos`.
    """
    bags = slots.drop_duplicates("bag_id")
    mixed = bags[mixable(bags)]
    if mixed.empty:
        if idle := idle_flags(recipe):
            yield f"{idle}: without effect, for no fake of this set is mixed; leave it out"
    elif recipe.segments is not None:
        fitting = {split: _most_segments(recipe, split) for split in dict.fromkeys(mixed["split"])}
        if short := [f"{most} in {split}" for split, most in fitting.items() if most < recipe.segments[1]]:
            flag = with_flag("segments", recipe.segments)
            yield f"{flag}: a fake has at most {', '.join(short)}; ask for fewer, or change how many are replaced"


def _most_segments(recipe: Recipe, split: str) -> int:
    """Returns the most segments of a split's fakes: max over n of min(n, K - n + 1)."""
    count, (low, high) = recipe.frames_per_video, recipe.replaced
    real = [recipe.n_replaced_in_train] if split == Split.TRAIN else range(low, high + 1)
    return max(min(count - n_real, n_real + 1) for n_real in real)
