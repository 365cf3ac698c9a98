"""DeepfakeBench: its JSON of videos, and a folder of frames a bag (docs/deepfakebench.md)."""

import json
from functools import partial
from typing import Any

from ffpms.export.format import ExportJob, Format, Step
from ffpms.export.pictures import write_pngs
from ffpms.export.selection import ExportBag
from ffpms.schema import ORIGINAL, Split
from ffpms.storage import write_whole

WITH_LEVEL = frozenset({"FaceForensics++", "FF-DF", "FF-F2F", "FF-FS", "FF-NT", "DeepFakeDetection", "FaceShifter"})
"""Sets whose videos its loader looks up below a compression level; in all others there is none."""
_KNOWN = {ORIGINAL: "FF-real", "DF": "FF-DF", "F2F": "FF-F2F", "FS": "FF-FS", "NT": "FF-NT"}
"""Labels that its configurations have as they come."""
FRAMES = "frames"
LABELS = "label_dict.yaml"


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a bag, then the JSON and the labels."""
    bags = [bag for bag in job.bags if bag.faces]
    tables = {
        job.out / f"{job.data.name}.json": json.dumps(make_table(job), indent=1) + "\n",
        job.out / LABELS: _label_dict(job),
    }
    return [
        *(_folder_step(job, bag) for bag in bags),
        *(Step((path,), partial(write_whole, path, text)) for path, text in tables.items()),
    ]


def label_of(manipulation: str) -> str:
    """Names a manipulation as its ``label_dict`` does.

    Example:
        >>> label_of("original"), label_of("DF"), label_of("FaceDancer")
        ('FF-real', 'FF-DF', 'FaceDancer')
    """
    return _KNOWN.get(manipulation, manipulation)


def make_table(job: ExportJob) -> dict[str, Any]:
    """Makes the content of the JSON: set, label, split, then a compression level if it wants one.

    Its loader looks up every split of every label, so an empty one is there too. Bags without a
    face are left out, because it fails on a video without frames.
    """
    labels: dict[str, Any] = {}
    for bag in job.bags:
        label = label_of(str(bag.video["manipulation"]))
        splits = labels.setdefault(label, {split.value: _level(job, {}) for split in Split})
        videos = splits[bag.split]
        if bag.faces:
            (_inside(job, videos))[bag.bag_id] = _video(job, bag, label)
    return {job.data.name: labels}


def _level(job: ExportJob, videos: dict[str, Any]) -> dict[str, Any]:
    """Puts videos below their compression level, if its loader looks for one."""
    return {job.data.recipe.compression: videos} if job.data.name in WITH_LEVEL else videos


def _inside(job: ExportJob, videos: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = videos[job.data.recipe.compression] if job.data.name in WITH_LEVEL else videos
    return inner


def _video(job: ExportJob, bag: ExportBag, label: str) -> dict[str, Any]:
    """An entry; all keys but ``label`` and ``frames`` are ours, and its loader ignores them."""
    return {
        "label": label,
        "frames": [f"./{job.out.name}/{FRAMES}/{bag.bag_id}/{stem}.png" for stem in bag.stems()],
        "frame_labels": list(map(int, bag.record.frame_labels)),
        "slots": list(map(int, bag.record.slots)),
        "fake_rate": float(bag.record.fake_rate),
    }


def _label_dict(job: ExportJob) -> str:
    """The labels to have in ``label_dict`` of its training and test configurations.

    They are in quotes, for ``no`` alone is false in YAML, and ``2023`` a number.
    """
    kinds = dict.fromkeys(str(bag.video["manipulation"]) for bag in job.bags)
    return "label_dict:\n" + "".join(f"  {json.dumps(label_of(kind))}: {int(kind != ORIGINAL)}\n" for kind in kinds)


def _folder_step(job: ExportJob, bag: ExportBag) -> Step:
    files = tuple(job.out / FRAMES / bag.bag_id / f"{stem}.png" for stem in bag.stems())
    return Step(files, partial(write_pngs, files, bag, job.size))


def _describe(job: ExportJob) -> str:
    name = job.data.name
    return f"""- Copy `{name}.json` into DeepfakeBench's `dataset_json_folder`.
- Link this folder as `{job.out.name}` into the folder in which you start DeepfakeBench: its paths start with
  `./{job.out.name}/`.
- Compare `{LABELS}` with `label_dict` of its training and its test configuration: both need every label of it.
- Give `{name}` as `train_dataset` or `test_dataset`, and the largest number of faces of a bag as `frame_num`.

Faces are {job.size} px. They are not aligned by five points, as those of DeepfakeBench are.
A folder is a bag, for its name is the video's identity there.
`frame_labels` are ours: DeepfakeBench knows a label a video.
Bags without a face are left out, because it fails on a video without frames."""


FORMAT = Format(
    name="deepfakebench",
    title="for DeepfakeBench",
    unit="bag",
    make_steps=make_steps,
    describe=_describe,
    without_face="Such a slot has no file. Such a bag is left out, because DeepfakeBench fails on it.",
    size=256,
)
