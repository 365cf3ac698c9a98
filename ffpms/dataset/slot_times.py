"""Slot times: which seconds of its video each slot of a bag stands for."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ffpms.dataset.built_set import BuiltSet
from ffpms.protocol.plan import plan_frames

_FLOAT32_BITS = 24
"""Bits of a float32 number, its exponent and sign aside."""


def slot_times(data: BuiltSet) -> pd.DataFrame:
    """Returns how many seconds each bag's video lasts, and each slot of it.

    Of K slots (``n_slots``) the slot j covers j to j + 1 times ``slot_s``. That is D / K, rounded
    down by :func:`exact_below`. D = N / fps (``duration_s``) is as long as the N frames
    (``n_frames``) that the bag is sampled from, at the rate of its own file (``fps``). Both are NaN
    where that rate or those frames are not known.

    Shape: -> a row a bag: bag_id, n_frames, fps, n_slots, duration_s, slot_s.
    """
    slots = data.videos.drop(columns=["status", "error", "n_frames"]).assign(slot=0, replaced=False)
    bags = plan_frames(slots, data.sources, data.recipe)[["bag_id", "n_frames"]]
    fps = bags["bag_id"].map(data.sources.set_index("source_video")["fps"])
    known = np.isfinite(fps) & (fps > 0) & (bags["n_frames"] > 0)
    bags = bags.assign(fps=fps.where(known), n_slots=data.videos["n_frames"].to_numpy())
    bags["duration_s"] = bags["n_frames"] / bags["fps"]
    bags["slot_s"] = exact_below(bags["duration_s"] / bags["n_slots"], bags["n_slots"])
    return bags.reset_index(drop=True)


def exact_below(step: ArrayLike, number: ArrayLike) -> np.ndarray:
    """Rounds a step down until float32 holds its multiples exactly, up to twice a number of them.

    So the overlap of two segments is the same number in seconds as in slots. For 20 slots a step
    loses less than 8 millionths.

    Shape: step, number (N,) -> (N,).

    Example:
        >>> float(exact_below(0.7, 20))
        0.6999969482421875
    """
    mantissa, exponent = np.frexp(np.asarray(step, dtype=np.float64))
    bits = _FLOAT32_BITS - np.ceil(np.log2(2 * np.asarray(number) + 1)).astype(np.int64)
    return np.asarray(np.ldexp(np.floor(np.ldexp(mantissa, bits)), exponent - bits))
