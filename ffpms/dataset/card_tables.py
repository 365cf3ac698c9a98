"""Tables of the data card, as Markdown: counts, segments, mix, statuses, audit, pairs."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from ffpms.dataset.segments import find_segments
from ffpms.protocol.listing import is_alone, mixable
from ffpms.schema import CONFIDENT, ORIGINAL, WITH_PIXELS, Status


def count_bags(videos: pd.DataFrame) -> pd.DataFrame:
    """Counts bags, usable bags and fake frames by split and manipulation."""
    usable = videos.assign(usable=videos["status"].isin(WITH_PIXELS))
    groups = usable.groupby(["split", "manipulation"], sort=False)
    return groups.agg(bags=("bag_id", "size"), usable=("usable", "sum"), fake_frames=("n_fake", "sum")).reset_index()


def draw_histogram(n_fake: pd.Series) -> str:
    """Draws how many bags have each number of fake frames, as lines of text."""
    if n_fake.empty:
        return "There is no test split in this set."
    lines = [f"{level:3d} {'#' * bags} {bags}" for level, bags in n_fake.value_counts().sort_index().items()]
    return "```\n" + "\n".join(lines) + "\n```"


def tabulate_segments(tables: dict[str, pd.DataFrame], placement: str) -> str:
    """Counts the usable fake bags of each split by their number of segments.

    It is empty of a set whose fake frames lie at random, and of one without any usable fake.
    """
    videos = tables["videos"]
    usable = videos[(videos["label"] == 1) & videos["status"].isin(WITH_PIXELS)]
    if placement == "random":
        usable = usable[_has_own_segments(usable)]
    found = find_segments(tables["frames"][tables["frames"]["bag_id"].isin(usable["bag_id"])])
    if found.empty:
        return ""
    splits = found["bag_id"].drop_duplicates().map(usable.set_index("bag_id")["split"])
    n_segments = found.groupby("bag_id", sort=False).size().rename("segments")
    counts = pd.crosstab(n_segments.to_numpy(), splits.to_numpy())[list(dict.fromkeys(usable["split"]))]
    length = found["end"] - found["start"]
    said = f"A segment has {length.min()} to {length.max()} frames, half of them {length.median():g} or fewer."
    return _SEGMENTS.format(table=markdown_table(counts.rename_axis("segments").reset_index()), said=said)


_SEGMENTS = """
## How many segments a fake bag has

A segment is a run of fake frames. A column is a split, and its numbers are bags.

{table}

{said}
"""


def _has_own_segments(videos: pd.DataFrame) -> pd.Series:
    """Marks fakes that stand alone and are fake in parts: their source says in which."""
    partly: pd.Series = is_alone(videos) & (videos["n_fake"] < videos["n_frames"])
    return partly


def describe_mix(videos: pd.DataFrame, recipe: dict[str, Any]) -> str:
    """Lists which frames were sampled and replaced, and which fakes were taken as they are."""
    n_slots, alone = recipe["frames_per_video"], videos[is_alone(videos)]
    mixed = mixable(videos).any() or alone.empty
    length = "the shorter of the fake and its real counterpart" if mixed else "the number of frames of its video"
    lines = [f"- slot s shows frame floor((s + 0.5) N / {n_slots}), N {length}"]
    if mixed:
        (low, high), in_train = recipe["replaced"], round(recipe["fraction"] * n_slots)
        levels = f"{low} to {high} of {n_slots} frames replaced, each level equally often"
        lines.append(f"- val and test: {levels}; train: {in_train} of {n_slots}")
        draws = f"SHA-256 of `ffpms-{recipe['version']}/{recipe['seed']}/...`"
        lines.append(f"- which: {_describe_placement(recipe)}; draws: {draws}")
    return "\n".join([*lines, *_describe_alone(alone)])


def _describe_placement(recipe: dict[str, Any]) -> str:
    """Says where fake frames lie, and in how many segments."""
    where, (low, high) = str(recipe["placement"]), recipe.get("segments") or (1, 1)
    number = f"{low}" if low == high else f"{low} to {high}"
    several = f", {number} a fake, as far as its fake and its real frames suffice"
    return where + several * (where == "segments")


def _describe_alone(alone: pd.DataFrame) -> Iterator[str]:
    """Counts the usable fakes that stand alone, those in parts fake and those fake throughout."""
    usable = alone[alone["status"].isin(WITH_PIXELS)]
    parts = int(_has_own_segments(usable).sum())
    if parts:
        yield f"- the fakes' own segments: only there are frames fake in bags that were taken as they are ({parts})"
    if whole := len(usable) - parts:
        yield f"- whole: all frames are fake in bags that were taken as they are ({whole})"


def list_problems(tables: dict[str, pd.DataFrame]) -> str:
    """Tabulates every status other than ok, of videos, bags and slots, each with an example."""
    rows = []
    for name, key in (("sources", "source_video"), ("videos", "bag_id"), ("frames", "bag_id")):
        bad = tables[name][tables[name]["status"] != Status.OK]
        rows += [(f"{name}.parquet", status, len(own), own[key].iloc[0]) for status, own in bad.groupby("status")]
    if not rows:
        return "Nothing: every video could be used, and every frame has a face that was found."
    return markdown_table(pd.DataFrame(rows, columns=["table", "status", "rows", "for example"]))


def describe_audit(audit: dict[str, Any]) -> dict[str, Any]:
    """Fields of the template with the verdict of the audit, and with a column for each probe."""
    probes = audit["probes"]
    names = dict.fromkeys(name for probe in probes.values() for name in probe["features"])
    same = [("classifier", *[_auc(p["classifier"]) for p in probes.values()])]
    same += [(name, *[_auc(p["features"].get(name)) for p in probes.values()]) for name in names]
    own = [(name, *[_auc(p["own"].get(name)) for p in probes.values()]) for name in names]
    columns = ["", *[f"{name} ({p['n_bags']} bags)" for name, p in probes.items()]]
    return {
        "verdict": audit["verdict"],
        "level": f"{audit['level']:.0%}",
        "same_direction": markdown_table(pd.DataFrame(same, columns=columns)),
        "own_direction": markdown_table(pd.DataFrame(own, columns=columns)),
    }


def _auc(auc: dict[str, float | None] | None) -> str:
    """Writes a value and its interval, bold if the interval excludes chance, a dash if there is
    none.
    """
    if auc is None or auc["value"] is None:
        return "–"
    if auc["low"] is None or auc["high"] is None:
        return f"{auc['value']:.3f}"
    text = f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})"
    return text if auc["low"] <= 0.5 <= auc["high"] else f"**{text}**"


def describe_pairs(sources: pd.DataFrame) -> str:
    """Tabulates, for each manipulation, the geometries, the fakes out of step and the worst
    measures.

    Out of step is a fake with an offset in time that is certain.
    """
    compared = sources[(sources["manipulation"] != ORIGINAL) & (sources["geometry"] != "")]
    if compared.empty:
        return "No fake could be compared with its real video."
    kinds = sorted(compared["geometry"].unique())
    rows = [
        (
            manipulation,
            *[int((own["geometry"] == kind).sum()) for kind in kinds],
            int(((own["align_offset"].fillna(0) != 0) & (own["align_certainty"] >= CONFIDENT)).sum()),
            _number(own["align_score"].min()),
            _number(own["align_certainty"].min()),
            _largest_lift(own),
        )
        for manipulation, own in compared.groupby("manipulation", sort=False)
    ]
    ends = ["out of step", "lowest score", "lowest certainty", "largest lift"]
    return markdown_table(pd.DataFrame(rows, columns=["", *kinds, *ends]))


def _largest_lift(sources: pd.DataFrame) -> str:
    """Writes the largest change of colour, with its sign, its channel and its video."""
    lifts = [(row[f"lift_{c}"], c, row["source_video"]) for row in sources.to_dict("records") for c in "rgb"]
    known = [found for found in lifts if pd.notna(found[0])]
    if not known:
        return "–"
    lift, channel, video = max(known, key=lambda found: abs(found[0]))
    return f"{lift:+.2f} ({channel}, {video})"


def _number(value: Any) -> str:
    return "–" if pd.isna(value) else f"{value:.3f}"


def markdown_table(table: pd.DataFrame) -> str:
    """Writes a Markdown table; its columns may be any text."""
    lines: Iterable[Iterable[Any]] = [table.columns, ["---"] * len(table.columns), *table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in lines)
