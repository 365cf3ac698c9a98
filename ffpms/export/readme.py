"""README of an export: what is in it, how it is read, and what may be passed on."""

from collections import Counter

import ffpms
from ffpms.dataset.card_head import PIXEL_LICENCE, TAGS, yaml_head
from ffpms.export.format import ExportJob, Format
from ffpms.export.terms import INSTEAD, NO_PIXELS, PIXELS, RECIPE_LICENCE

README = "README.md"

_TEMPLATE = """{head}# {dataset}: {title}

Written by ffpms {version}. {terms}

{how}

## What is in it

| split | manipulation | bags | faces |
|---|---|---|---|
{rows}

A bag is a video: {n_slots} of its frames, in order. In a fake bag some are the real video's own. Labels: 0 real, 1
fake; a bag is fake if one of its frames is. {faceless}{left_out}
"""


def make_readme(form: Format, job: ExportJob) -> str:
    """Makes the text of ``README.md``; the same export gives the same text."""
    pixels = form.has_pixels and not job.recipe_only
    return _TEMPLATE.format(
        head=_head(form, job, pixels),
        dataset=job.data.name,
        title=form.title,
        version=ffpms.__version__,
        terms=f"{PIXELS} {INSTEAD}" if pixels else NO_PIXELS,
        how=form.describe(job),
        rows=_rows(job),
        n_slots=job.data.recipe.frames_per_video,
        faceless=_faceless(job),
        left_out="".join(
            f"\n{count} bags that are `{why}` are left out." for why, count in job.selection.left_out.items()
        ),
    )


def _head(form: Format, job: ExportJob, pixels: bool) -> str:
    own = form.head(job)
    if not own:
        return ""
    licence = {"license": "other", "license_name": PIXEL_LICENCE if pixels else RECIPE_LICENCE}
    return yaml_head({"pretty_name": job.data.name} | licence | {"tags": TAGS} | own)


def _rows(job: ExportJob) -> str:
    bags: Counter[tuple[str, str]] = Counter()
    faces: Counter[tuple[str, str]] = Counter()
    for bag in job.bags:
        key = bag.split, str(bag.video["manipulation"])
        bags[key] += 1
        faces[key] += len(bag.faces)
    return "\n".join(f"| {split} | {kind} | {n} | {faces[split, kind]} |" for (split, kind), n in bags.items())


def _faceless(job: ExportJob) -> str:
    lost = sum(len(bag.slot_labels) - len(set(bag.record.slots)) for bag in job.bags)
    none = sum(not bag.faces for bag in job.bags)
    if not lost:
        return "Every slot has a face."
    return f"{lost} slots have no face, and {none} bags none at all: see the section above for how they are written."
