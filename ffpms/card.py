"""The data card: README.md of a built set, written from its tables."""

from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.schema import WITH_PIXELS, Split

_TEMPLATE = """# {dataset}: partial-attack face crops, {compression}

Built by ffpms {version} from a FaceForensics++ tree. FaceForensics++ may not be redistributed, and so neither may the
crops; publish the recipe (`frames.parquet` without `crops/`) instead.

## What is in it

{n_bags} bags (one a video) of {n_slots} frames. In a fake bag some frames are the real video's own, at the same index.

{counts}

A bag's `status` says why it has no pixels; {n_faceless} of its slots' frames had no face, {n_interpolated} have a box
interpolated between detections.

## How many frames of a test bag are fake

{histogram}

## How it was made

- slot s shows frame floor((s + 0.5) N / {n_slots}), N the shorter of the fake and its real counterpart
- val and test: {low} to {high} of {n_slots} frames replaced, each level equally often; train: {in_train} of {n_slots}
- which: {placement}; draws: SHA-256 of `ffpms-{recipe_version}/{seed}/...`
- faces: dlib HOG on the real video, the same square (box x {margin}) for a fake and its real counterpart, {size} px,
  lossless WebP

## Tables

`videos.parquet` a row a bag; `frames.parquet` a row a slot; `sources.parquet` a row an mp4; `crops.parquet` a row for
each stored crop, also those which this mix does not show. Labels: 0 real, 1 fake. An integer of -1, or a
size or count of 0, means not known.
"""


def write_card(out: Path, summary: dict[str, Any], videos: pd.DataFrame) -> None:
    """Writes ``README.md`` beside the tables."""
    config = summary["config"]
    recipe, frames = config["recipe"], summary["counts"]["frames"]
    test = videos[(videos["split"] == Split.TEST) & (videos["label"] == 1)]
    text = _TEMPLATE.format(
        dataset=summary["dataset"],
        compression=recipe["compression"],
        version=summary["ffpms"],
        n_bags=len(videos),
        n_slots=recipe["frames_per_video"],
        counts=_markdown(_counts(videos)),
        n_faceless=frames.get("no_face", 0),
        n_interpolated=frames.get("interpolated", 0),
        histogram=_histogram(test["n_fake"]),
        low=recipe["replaced"][0],
        high=recipe["replaced"][1],
        in_train=round(recipe["fraction"] * recipe["frames_per_video"]),
        placement=recipe["placement"],
        recipe_version=recipe["version"],
        seed=recipe["seed"],
        margin=config["crop"]["margin"],
        size=config["crop"]["size"],
    )
    (out / "README.md").write_text(text, encoding="utf-8")


def _counts(videos: pd.DataFrame) -> pd.DataFrame:
    """Bags by split and manipulation, and how many of them have pixels."""
    usable = videos.assign(usable=videos["status"].isin(WITH_PIXELS))
    groups = usable.groupby(["split", "manipulation"], sort=False)
    return groups.agg(bags=("bag_id", "size"), usable=("usable", "sum"), fake_frames=("n_fake", "sum")).reset_index()


def _markdown(table: pd.DataFrame) -> str:
    head = f"| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}\n"
    return head + "\n".join(f"| {' | '.join(map(str, row))} |" for row in table.itertuples(index=False))


def _histogram(n_fake: pd.Series) -> str:
    if n_fake.empty:
        return "There is no test split in this set."
    lines = [f"{level:3d} {'#' * bags} {bags}" for level, bags in n_fake.value_counts().sort_index().items()]
    return "```\n" + "\n".join(lines) + "\n```"
