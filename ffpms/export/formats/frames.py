"""Frames: plain PNG folders by split and frame label, with a table of all faces.

``datasets.load_dataset("imagefolder", ...)`` opens them, and so does torchvision's ``ImageFolder``.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from ffpms.export.features import FRAMES, NUMBER, TEXT
from ffpms.export.folder_tables import METADATA, TABLE, table_steps
from ffpms.export.format import ExportJob, Format, Step
from ffpms.export.pictures import write_pngs
from ffpms.export.selection import LABELS, ExportBag

FEATURES = {"file_name": TEXT, "split": TEXT} | {
    name: feature for name, feature in FRAMES.items() if name not in ("image", "box")
}
FEATURES |= {f"box_{side}": NUMBER for side in "xywh"}
"""The columns of its tables."""


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a bag, then one a table."""
    folders = [] if job.recipe_only else [_folder_step(job, bag) for bag in job.bags]
    return [*folders, *table_steps(job, _rows, FEATURES)]


def file_names(bag: ExportBag) -> list[str]:
    """Names the file of each face, below the folder of its split: ``fake/DF_953_974/003.png``."""
    folders = [LABELS[label] for label in bag.record.frame_labels]
    return [f"{folder}/{bag.bag_id}/{stem}.png" for folder, stem in zip(folders, bag.stems(), strict=True)]


def _folder_step(job: ExportJob, bag: ExportBag) -> Step:
    files = tuple(job.out / bag.split / name for name in file_names(bag))
    return Step(files, partial(write_pngs, files, bag, job.size))


def _rows(bags: Sequence[ExportBag]) -> list[dict[str, Any]]:
    """A row a face, its box in four columns."""
    rows = []
    for bag in bags:
        video = bag.describe()
        own = {name: video[name] for name in ("bag_id", "split", "manipulation", "pair_id")}
        for name, face in zip(file_names(bag), bag.describe_faces(), strict=True):
            box = dict(zip(("box_x", "box_y", "box_w", "box_h"), face.pop("box"), strict=True))
            rows.append({"file_name": name} | own | {"bag_label": video["label"]} | face | box)
    return rows


def _describe(job: ExportJob) -> str:
    if job.recipe_only:
        return f"`{TABLE}` has a row a face, and `{METADATA}` the same for each split. The pictures are left out."
    folder = f"{job.out.name}/{job.splits_with_faces[0]}"
    return f"""A face is `SPLIT/LABEL/BAG/SLOT.png`; `LABEL` is that of the frame, `real` or `fake`.
`{TABLE}` has a row a face, and `SPLIT/{METADATA}` the same for each split.
A slot without a face has no file and no row.

```python
import datasets
import torchvision

datasets.load_dataset("imagefolder", data_dir="{job.out.name}")  # give the path of this folder
torchvision.datasets.ImageFolder("{folder}").class_to_idx  # its own order: fake 0, real 1
```"""


FORMAT = Format(
    name="frames",
    title="faces as PNG files",
    unit="bag",
    make_steps=make_steps,
    describe=_describe,
    without_face="Such a slot has no file and no row, and such a bag has none either.",
    without_pixels=True,
)
