"""README of an export: what is in it, how it is read, and what may be passed on."""

from collections import Counter
from collections.abc import Mapping

import ffpms
from ffpms.dataset.card_head import TAGS, pixel_licence, yaml_head
from ffpms.export.format import ExportJob, Format
from ffpms.export.terms import RECIPE_LICENCE, export_terms

README = "README.md"

_TEMPLATE = """{head}# {dataset}: {title}

Written by ffpms {version}. {terms}

{how}

## What is in it

| split | manipulation | bags | faces |
|---|---|---|---|
{rows}

A bag is a video: {n_slots} of its frames, in order. In a fake bag some are the real video's own. Labels: 0 real, 1
fake; a bag is fake if one of its frames is.

{notes}
"""


def make_readme(form: Format, job: ExportJob) -> str:
    """Makes the text of ``README.md``; the same export gives the same text."""
    pixels = form.has_pixels and not job.recipe_only
    return _TEMPLATE.format(
        head=_head(form, job, pixels),
        dataset=job.data.name,
        title=form.title,
        version=ffpms.__version__,
        terms=export_terms(job.corpus, pixels),
        how=form.describe(job),
        rows=_rows(form, job),
        n_slots=job.data.recipe.frames_per_video,
        notes="\n".join([*unbuilt_lines(job.selection.unbuilt, form.keeps_unbuilt), _faceless(form, job)]),
    )


def unbuilt_lines(unbuilt: Mapping[str, int], kept: bool) -> list[str]:
    """Says of the bags that could not be built, counted by status, how they are written.

    Example:
        >>> unbuilt_lines({"missing": 2}, kept=True)
        ['2 bags with the status missing are in it without a face.']
    """
    end = "in it without a face" if kept else "left out"
    one, several = f"1 bag with the status {{}} is {end}.", f"{{}} bags with the status {{}} are {end}."
    return [one.format(why) if n == 1 else several.format(n, why) for why, n in unbuilt.items()]


def _head(form: Format, job: ExportJob, pixels: bool) -> str:
    own = form.head(job)
    if not own:
        return ""
    licence = {"license": "other", "license_name": pixel_licence(job.corpus) if pixels else RECIPE_LICENCE}
    return yaml_head({"pretty_name": job.data.name} | licence | {"tags": TAGS} | own)


def _rows(form: Format, job: ExportJob) -> str:
    faces: Counter[tuple[str, str]] = Counter()
    for bag in job.bags:
        faces[bag.split, str(bag.video["manipulation"])] += len(bag.faces)
    counts = job.count_bags(form.keeps_unbuilt)
    return "\n".join(f"| {split} | {kind} | {n} | {faces[split, kind]} |" for (split, kind), n in counts.items())


def _faceless(form: Format, job: ExportJob) -> str:
    lost = sum(len(bag.slot_labels) - len(set(bag.record.slots)) for bag in job.bags)
    none = sum(not bag.faces for bag in job.bags)
    if not lost:
        return f"Every slot{' of the other bags' if job.selection.unbuilt else ''} has a face."
    slots = "1 slot has no face" if lost == 1 else f"{lost} slots have no face"
    bags = f", and {none} bag{'s' * (none > 1)} none at all" if none else ""
    return f"{slots}{bags}. {form.without_face}"
