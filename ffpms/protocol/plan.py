"""Plan: turns listed videos and a recipe into bags, slots, labels and frame indices, without
pixels.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ffpms.protocol.listing import ListedVideo, counterparts, list_pairs, mixable
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs
from ffpms.schema import ORIGINAL, SLOT, UNKNOWN, WITH_PIXELS, Status

BACKWARDS = "F2F"
"""Face2Face: where it outlasts its target, it plays the target's video backwards."""


def plan_slots(pairs: Pairs, recipe: Recipe, splits: tuple[str, ...]) -> pd.DataFrame:
    """Plans every bag and slot of id pairs with its label (Li 2020, Section 4.1).

    It depends only on the split files and the recipe.

    Example:
        >>> slots = plan_slots({"test": [("000", "003")]}, Recipe(), ("test",))
        >>> len(slots), slots["bag_id"].nunique()  # 2 real and 4 x 2 fake bags of 20 slots
        (200, 10)
    """
    return plan_videos(list_pairs(pairs, recipe.manipulations), recipe, splits)


def plan_videos(videos: Iterable[ListedVideo], recipe: Recipe, splits: tuple[str, ...]) -> pd.DataFrame:
    """Plans every bag and slot of listed videos: a SLOT table by split, manipulation, id and slot.

    In a fake with a real counterpart some slots show that one. All slots of a fake that stands
    alone are planned as fake. Where only segments of it are,
    :func:`ffpms.protocol.remixing.with_crops` sets the labels, since the time of a frame is not
    known before.
    """
    bags: dict[tuple[str, str], list[ListedVideo]] = {}
    for video in videos:
        bags.setdefault((video.split, video.manipulation), []).append(video)
    order = [(split, kind) for split in splits for kind in (ORIGINAL, *recipe.manipulations)]
    rows = [row for key in order for row in _slots_of(bags.get(key, []), recipe)]
    return pd.DataFrame(rows, columns=SLOT.names)


def _slots_of(videos: list[ListedVideo], recipe: Recipe) -> list[tuple[object, ...]]:
    """Returns the rows of the videos of one manipulation in one split, by id."""
    in_order = sorted(videos, key=lambda video: video.video_id)
    mixed = [video.video_id for video in in_order if video.manipulation != ORIGINAL and not video.is_alone]
    n_fake = recipe.n_fake(in_order[0].split, in_order[0].manipulation, mixed) if mixed else {}
    return [row for video in in_order for row in _bag_rows(video, n_fake.get(video.video_id), recipe)]


def _bag_rows(video: ListedVideo, n_fake: int | None, recipe: Recipe) -> list[tuple[object, ...]]:
    """Returns one row per slot of a bag.

    ``n_fake`` is None where no frame can be replaced: in an original, and in a fake without one.
    """
    ids = (video.video_id, video.target_id, video.source_id, video.pair_id)
    about = (video.name, video.split, video.manipulation, *ids)
    slots = range(recipe.frames_per_video)
    if n_fake is None:
        return [(*about, slot, int(video.is_alone), False) for slot in slots]
    kept = recipe.fake_slots(n_fake, *about[1:4])
    return [(*about, slot, int(slot in kept), slot not in kept) for slot in slots]


def frame_index(slot: np.ndarray, n_frames: np.ndarray | int, count: int) -> np.ndarray:
    """Frame of a slot: ``floor((slot + 0.5) * n_frames / count)``, exact in integers.

    The index is below ``n_frames``. It increases strictly with the slot when ``n_frames >= count``.

    Example:
        >>> frame_index(np.arange(4), 100, 4).tolist()
        [12, 37, 62, 87]
    """
    return (2 * slot.astype(np.int64) + 1) * n_frames // (2 * count)


def shared_length(manipulation: str, n_fake: int, n_real: int, count: int) -> int:
    """Returns N, the number of first frames of a fake and its real video that are sampled.

    It is min(N_fake, N_real). Face2Face shows real frame n up to n = N_real - 2, then frame
    2 N_real - 3 - n: at the real video's last index it is out of step. Where ``count`` samples
    would touch that index, N is one less.

    Example:
        >>> [shared_length("F2F", 60, n_real, 20) for n_real in (30, 50, 70)]
        [29, 50, 60]
    """
    shared = min(n_fake, n_real)
    last = int(frame_index(np.array(count - 1), shared, count))
    return shared - 1 if manipulation == BACKWARDS and last == n_real - 1 else shared


def too_short(shared: int, count: int) -> str:
    """Returns why a fake cannot be sampled; empty if it can."""
    if shared >= count:
        return ""
    return f"{shared} frames in step with its real video, fewer than the {count} to sample; ask for fewer --frames"


def plan_frames(slots: pd.DataFrame, sources: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Gives each slot its source video and frame index.

    A fake and its real counterpart share their indices, below N of :func:`shared_length`. Adds
    ``source_video``, ``frame_index`` (-1 without a usable pair), ``n_frames`` (N), and the
    ``status`` and ``error`` of the bag.

    Example:
        >>> slots = plan_slots({"test": [("a", "b")]}, Recipe(manipulations=("DF",)), ("test",))
        >>> sources = pd.DataFrame({"source_video": slots["bag_id"].unique()})
        >>> sources = sources.assign(n_frames=[400, 300, 380, 310], status="ok", error="")
        >>> plan_frames(slots, sources, Recipe()).groupby("bag_id")["frame_index"].max().to_dict()
        {'DF_a_b': 370, 'DF_b_a': 292, 'original_a': 390, 'original_b': 292}
    """
    source = {row["source_video"]: row for row in sources.to_dict("records")}
    first = slots.drop_duplicates("bag_id")
    bags = first.assign(real_video=counterparts(first)).to_dict("records")
    states = {b["bag_id"]: _bag_state(source, b, recipe.frames_per_video) for b in bags}
    frames = slots.copy()
    frames["status"] = [states[b][0] for b in frames["bag_id"]]
    frames["error"] = [states[b][1] for b in frames["bag_id"]]
    frames["source_video"] = frames["bag_id"].where(~frames["replaced"], counterparts(frames))
    n_frames = np.array([states[b][2] for b in frames["bag_id"]], dtype=np.int64)
    index = frame_index(frames["slot"].to_numpy(), n_frames, recipe.frames_per_video)
    frames["frame_index"] = np.where(n_frames > 0, index, UNKNOWN)
    frames["n_frames"] = n_frames
    return frames


def _bag_state(sources: dict[str, dict[Any, Any]], bag: dict[Any, Any], count: int) -> tuple[str, str, int]:
    """Returns the status, the error and the number of usable frames of a bag."""
    own, real = sources[bag["bag_id"]], sources[bag["real_video"]]
    if own["status"] not in WITH_PIXELS:
        return own["status"], own["error"], 0
    if real["status"] not in WITH_PIXELS:
        return Status.NO_COUNTERPART.value, f"real video {bag['target_id']}: {real['error']}", 0
    n_own, n_real = int(own["n_frames"]), int(real["n_frames"])
    shared = n_own if own is real else shared_length(bag["manipulation"], n_own, n_real, count)
    if reason := too_short(shared, count):
        return Status.TOO_SHORT.value, reason, 0
    return Status.OK.value, "", shared


def summarise_bags(frames: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Summarises the slots of each bag in one row: label = max(frame labels) (Li 2020, Eq. 3).

    Adds the number and rate of fake frames. If the recipe places them in one contiguous segment, it
    also adds where that lies. Of several, :meth:`ffpms.BuiltSet.segments` tells.

    Example:
        >>> slots = plan_slots({"train": [("a", "b")]}, Recipe(manipulations=("DF",)), ("train",))
        >>> summarise_bags(slots, Recipe()).set_index("bag_id")["n_fake"].to_dict()
        {'original_a': 0, 'original_b': 0, 'DF_a_b': 15, 'DF_b_a': 15}
    """
    bags = frames.drop_duplicates(["bag_id", "slot"]).groupby("bag_id", sort=False)
    keep = ["bag_id", "split", "manipulation", "video_id", "target_id", "source_id", "pair_id"]
    videos = bags.head(1)[keep].reset_index(drop=True)
    label = bags["label"]
    videos["label"] = label.max().to_numpy()
    videos["n_frames"] = label.size().to_numpy()
    videos["n_fake"] = label.sum().to_numpy()
    videos["fake_rate"] = videos["n_fake"] / videos["n_frames"]
    first_fake = frames["slot"].where(frames["label"] == 1).groupby(frames["bag_id"], sort=False).min().to_numpy()
    segmented = (recipe.placement == "contiguous") & np.isfinite(first_fake) & mixable(videos).to_numpy()
    videos["segment_start"] = np.where(segmented, first_fake, UNKNOWN).astype(np.int16)
    videos["segment_length"] = np.where(segmented, videos["n_fake"], UNKNOWN).astype(np.int16)
    return videos
