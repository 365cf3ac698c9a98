"""Timelines: true segments, frame scores and proposals of some test videos, in seconds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.figures.points import lines_of
from benchmark.leaderboards.av_deepfake1m_files import find_proposed
from benchmark.leaderboards.groups import group_runs
from benchmark.leaderboards.labels import factor_out
from benchmark.metrics.segments import Segments
from benchmark.runs.folder import Run
from benchmark.stats.run_metrics import digest_frames, read_run_scores
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.slot_times import slot_times
from ffpms.schema import ORIGINAL, SEGMENT, Split

N_FAKES = 5
"""Fake videos of a picture, beside a real one."""
N_PROPOSALS = 3
"""Proposals drawn of a video: from the surest down, each that overlaps none drawn before."""
TRUTH, SCORE, PROPOSAL = "truth", "score", "proposal"
_OF_A_PART = ["bag_id", "what", "start_s", "end_s", "value"]
COLUMNS = ["bag_id", "method", "what", "start_s", "end_s", "value"]
"""``method`` is empty for the truth. ``value`` is a frame's score or a proposal's confidence."""


@dataclass(frozen=True)
class Timelines:
    """What a picture shows: the videos in order with their lengths, and a row for each part.

    ``videos`` has bag_id, duration_s, n_slots and n_fake. ``unit`` is ``s``, or ``slots`` where
    the frame rate of a video is not known. ``shared`` are the settings that all methods share.
    """

    videos: pd.DataFrame
    rows: pd.DataFrame
    unit: str
    shared: str


def collect_timelines(runs: list[Run], data: BuiltSet) -> Timelines:
    """Collects the timelines of some test videos, of the first training of each method.

    Where each manipulation has detectors of its own, a video is of the first that scored it.
    Fakes are chosen by the order of their number of segments, fake rate and name, evenly spaced:
    the scores do not count. Methods with the same frame scores are one line. Methods without any,
    and without proposals of their own, are left out.
    """
    firsts = _first_runs(runs)
    truth, videos = data.segments(Split.TEST)[SEGMENT.names], _choose(firsts.values(), data)
    slot_s = slot_times(data).set_index("bag_id")["slot_s"].loc[videos["bag_id"]]
    unit = "s" if slot_s.notna().all() else "slots"
    slot_s = slot_s if unit == "s" else pd.Series(1.0, index=slot_s.index)
    lines = _share_lines(firsts)
    names, shared = factor_out(name for methods in lines for name in methods)
    own = truth[truth["bag_id"].isin(slot_s.index)].assign(method="", what=TRUTH, value=1.0)
    tables = [own.rename(columns={"start": "start_s", "end": "end_s"})[COLUMNS]]
    for methods, own_runs in lines.items():
        label = ", ".join(names[name] for name in methods)
        tables.append(pd.DataFrame(_parts(own_runs, slot_s.index), columns=_OF_A_PART).assign(method=label)[COLUMNS])
    rows = pd.concat(tables, ignore_index=True)
    steps = rows["bag_id"].map(slot_s)
    rows = rows.assign(start_s=rows["start_s"] * steps, end_s=rows["end_s"] * steps)
    return Timelines(videos.assign(duration_s=videos["bag_id"].map(slot_s) * videos["n_slots"]), rows, unit, shared)


def _choose(rows: Iterable[list[Run]], data: BuiltSet) -> pd.DataFrame:
    """Chooses some fakes that a run of every row scored, and the real video of the first."""
    scored = set.intersection(*({bag for run in own for bag in run.scores["bag_id"]} for own in rows))
    own = data.videos[data.videos["bag_id"].isin(scored)]
    number = data.segments(Split.TEST).groupby("bag_id").size()
    own = own.assign(n_segments=own["bag_id"].map(number).fillna(0), n_slots=own["n_frames"])
    fakes = own[own["label"] == 1].sort_values(["n_segments", "fake_rate", "bag_id"])
    places = np.unique(np.linspace(0, len(fakes) - 1, min(N_FAKES, len(fakes))).round().astype(int))
    chosen = fakes.iloc[places]
    reals = own[(own["manipulation"] == ORIGINAL) & (own["label"] == 0)]
    near = reals["target_id"].isin(chosen["target_id"].head(1))
    both = pd.concat([chosen, reals.loc[near.sort_values(ascending=False, kind="stable").index].head(1)])
    return both[["bag_id", "n_slots", "n_fake", "n_segments"]].reset_index(drop=True)


def _first_runs(runs: list[Run]) -> dict[str, list[Run]]:
    """Returns the runs of each method's first seed: several if manipulations have their own."""
    return {group.method: [own[0] for _, own in lines_of(list(group.runs))] for group in group_runs(runs)}


def _share_lines(firsts: Mapping[str, list[Run]]) -> dict[tuple[str, ...], list[Run]]:
    """Returns the runs of each line, by the methods that share their frame scores."""
    lines: dict[tuple[str, ...], tuple[list[str], list[Run]]] = {}
    for name, own in firsts.items():
        digests = tuple(digest_frames(read_run_scores(run)) for run in own)
        if any(digests):
            lines.setdefault(digests, ([], own))[0].append(name)
    return {tuple(names): own for names, own in lines.values()}


_Part = tuple[str, str, float, float, float]
"""Bag, what it is, start and end in slots, value."""


def _parts(runs: Iterable[Run], bags: Iterable[str]) -> Iterator[_Part]:
    """Yields what is drawn of each bag, by the first run that scored it."""
    left = list(bags)
    for run in runs:
        scored = set(run.scores["bag_id"])
        own = [bag for bag in left if bag in scored]
        left = [bag for bag in left if bag not in own]
        yield from (*_scores(run, own), *_best_proposals(run, own))


def _scores(run: Run, bags: Iterable[str]) -> Iterator[_Part]:
    """Yields the score of each slot: the highest of its faces'."""
    faces = run.scores[(run.scores["level"] == "frame") & run.scores["bag_id"].isin(list(bags))]
    highest = faces.groupby(["bag_id", "slot"], as_index=False)["score"].max()
    for bag, slot, score in zip(*(highest[name] for name in highest.columns), strict=True):
        yield bag, SCORE, slot, slot + 1, score


def _best_proposals(run: Run, bags: Iterable[str]) -> Iterator[_Part]:
    """Yields some proposals of each video that lie apart, taken from the most confident down."""
    if found := find_proposed(run):
        yield from ((bag, PROPOSAL, *one) for bag in bags for one in _apart(found, bag))


def _apart(found: Segments, bag: str) -> list[tuple[float, float, float]]:
    """Takes proposals of a video from the most confident, each that overlaps none taken before.

    Returns start, end and confidence of each.
    """
    taken: list[tuple[float, float, float]] = []
    own = found.rows.bag == found.rows.bag_names.index(bag)
    for start, end, sure in zip(found.start[own], found.end[own], found.rows.score[own], strict=True):
        if len(taken) < N_PROPOSALS and all(end <= other[0] or start >= other[1] for other in taken):
            taken.append((float(start), float(end), float(sure)))
    return taken
