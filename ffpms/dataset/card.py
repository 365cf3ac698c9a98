"""Data card: writes README.md of a built set from its tables, with an image of some bags."""

from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.dataset.card_head import pixel_licence, set_head
from ffpms.dataset.card_tables import (
    count_bags,
    describe_audit,
    describe_mix,
    describe_pairs,
    draw_histogram,
    list_problems,
    markdown_table,
    tabulate_segments,
)
from ffpms.dataset.contact_sheet import IMAGE, draw_bags
from ffpms.dataset.set_files import corpus_of
from ffpms.protocol.listing import is_alone, mixable
from ffpms.protocol.naming import explain_name
from ffpms.schema import Split, Status
from ffpms.storage import write_whole

CARD = "README.md"
"""File name of the data card."""

_TEMPLATE = """# {dataset}: partial-attack face crops, {compression}

{origin}

{name}
{image}
## What is in it

{n_bags} bags (one a video) of {n_slots} frames.{mixed}
{alone}
{counts}

A bag's `status` says why it has no pixels; {n_faceless} of its slots' frames had no face, {n_interpolated} have a box
interpolated between detections.

## How many frames of a test bag are fake

{histogram}
{segments}
## Every status but ok

{problems}

## Does anything but the face give a fake frame away?

{verdict}

AUC, within bags, of telling a kept fake frame from a swapped-in real one by one number alone, with its {level}
interval; the classifier sees them all, less their bag's median, and was fitted to other pairs of videos. 0.5 is chance;
below it is a difference too. Bold leaves chance out, as one in a hundred does by luck.

{same_direction}

The same, but each bag's direction is learnt from the other half of its slots, so that a shift that is up in one bag
and down in the next shows too (not told for segments, whose frames differ by their time alone):

{own_direction}

`n_bytes` is the size of the whole crop, face included; boxes are in the real video's coordinates. Slots with pixels
only; `build.json` has the same numbers.

## How fakes lie on their real videos

{pairs}

## How it was made

{mix}
- faces: dlib HOG on the real video, the same square (box x {margin}) for a fake and its real counterpart, as PNG. A
  square of less than {size} px is stored as it is in the video: resize it to {size} px (bicubic) to see what
  detectors are shown

## Tables

`videos.parquet` a row a bag; `frames.parquet` a row a slot, with `--faces all` a row a face; `sources.parquet` a row a
video; `crops.parquet` a row for each stored crop, also those which this mix does not show; `grid.parquet` other mixes
at every fake rate, a row for each fake bag, draw and slot: with n fake frames those of `rank` below n are fake. Labels:
0 real, 1 fake. An integer of -1, or a size or count of 0, means not known.
{landmarks}"""


_MIXED = " In a fake bag some frames are the real video's own, at the same index."

_LANDMARKS = """
`landmarks.parquet` has a row for each crop of a real video: 68 points in px of the crop as it is shown,
`x0, y0, x1, y1, ...`, which hold for its fakes' crops too. They are dlib's, whose weights were trained on
300-W: not for commercial use.
"""


_OF_A_TREE = """Built by ffpms {version} from a {title} tree. {terms}, and so neither may the
crops and the picture. Publish the recipe instead, which `ffpms export --recipe-only` writes."""

_OF_A_TABLE = """Built by ffpms {version} from the videos of a table, {table}. Whether the crops and the picture may be
passed on is for those to say who have the rights in them. `ffpms export --recipe-only` writes what shows nobody, and
says which names are in it."""

_RENDERED = """Built by ffpms {version} from videos that `ffpms minicorpus` rendered. Nobody in them exists, and the
head is CC0, so the crops and the picture may be passed on."""


def write_card(out: Path, summary: dict[str, Any], tables: dict[str, pd.DataFrame]) -> None:
    """Writes ``README.md`` and ``bags.jpg`` beside the tables.

    The card's head tells ``datasets.load_dataset`` the tables. The same set gives the same bytes.
    """
    shown = draw_bags(out, tables["videos"], tables["frames"], summary["config"]["crop"]["size"])
    image = f"\n![Test bags, a row each; swapped-in real frames are marked]({IMAGE})\n" if shown else ""
    fields = _settings(summary) | _contents(summary, tables) | describe_audit(summary["audit"])
    text = _TEMPLATE.format(image=image, origin=_origin(summary), **fields)
    write_whole(out / CARD, set_head(summary["dataset"], tables, pixel_licence(corpus_of(summary))) + text)


def _origin(summary: dict[str, Any]) -> str:
    """Says which videos a set was built from, and what of it may be passed on."""
    corpus = corpus_of(summary)
    about = {"version": summary["ffpms"], "title": corpus.title, "terms": corpus.terms}
    template = _OF_A_TREE if corpus.terms else _RENDERED if corpus.rendered else _OF_A_TABLE
    return template.format(**about, table=summary["config"].get("table"))


def files_of(counts: dict[str, Any]) -> list[str]:
    """Names the files of the card of a set with these counts; an image if any bag has a face."""
    videos = counts.get("videos")
    return [CARD, IMAGE] if isinstance(videos, dict) and Status.OK in videos else [CARD]


def _settings(summary: dict[str, Any]) -> dict[str, Any]:
    """Fields of the template that follow from the settings."""
    recipe, crop = summary["config"]["recipe"], summary["config"]["crop"]
    return {
        "dataset": summary["dataset"],
        "name": _name(summary),
        "compression": recipe["compression"],
        "n_slots": recipe["frames_per_video"],
        "margin": crop["margin"],
        "size": crop["size"],
        "landmarks": _LANDMARKS if crop["landmarks"] else "",
    }


def _name(summary: dict[str, Any]) -> str:
    """Says why the set may be called what it is, or why not."""
    dataset, reasons, corpus = summary["dataset"], summary["reasons"], corpus_of(summary)
    if reasons:
        return f"It is not the official set. {explain_name(dataset, reasons)}."
    if corpus.has_pairs:
        return f"It is {dataset}: all settings are v1's, and every test video has the published length, size and crf."
    if corpus.editions is None:
        return f"It is called {dataset} after its table."
    return f"It is {dataset}: all settings are the defaults, and every video of the published test set can be used."


def _contents(summary: dict[str, Any], tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Fields of the template that follow from the tables."""
    videos, slots = tables["videos"], summary["counts"]["frames"]
    recipe = summary["config"]["recipe"]
    test = videos[(videos["split"] == Split.TEST) & (videos["label"] == 1)]
    return {
        "n_bags": len(videos),
        "mixed": _MIXED if mixable(videos).any() else "",
        "alone": _alone(videos),
        "counts": markdown_table(count_bags(videos)),
        "n_faceless": slots.get("no_face", 0),
        "n_interpolated": slots.get("interpolated", 0),
        "histogram": draw_histogram(test["n_fake"]),
        "segments": tabulate_segments(tables, recipe["placement"]),
        "mix": describe_mix(videos, recipe),
        "problems": list_problems(tables),
        "pairs": describe_pairs(tables["sources"]),
    }


def _alone(videos: pd.DataFrame) -> str:
    """Says how many fake bags have no real counterpart; nothing if all have one."""
    n = int(is_alone(videos).sum())
    have = "bags have" if n > 1 else "bag has"
    return f"{n} fake {have} no real counterpart: no frame is replaced there.\n" if n else ""
