"""Recipe: all of a set but its pixels, from which ``ffpms import`` builds it again."""

import json
from functools import partial
from typing import Any

import pandas as pd

from ffpms.dataset.set_files import naming_settings, read_finished
from ffpms.export.format import ExportJob, Format, Step
from ffpms.export.tables import table_bytes, table_names, table_steps
from ffpms.hashing import digest
from ffpms.protocol.splits import Pairs, is_safe_id
from ffpms.schema import ORIGINAL, Split
from ffpms.storage import write_whole

RECIPE = "recipe.json"
SPLITS = "splits"
"""Folder of the id pairs, unless they are those of FaceForensics++."""
_KEPT = ("ffpms", "dataset", "reasons", "config", "versions")
"""Fields of ``build.json`` that say nothing of the machine that it was built on."""


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a table, then the id pairs, and the settings last."""
    pairs = {} if _has_official_pairs(job) else pairs_of(job.selection.videos)
    texts = {f"{SPLITS}/{split}.json": json.dumps(members, indent=2) + "\n" for split, members in pairs.items()}
    lists = [Step((job.out / name,), partial(write_whole, job.out / name, text)) for name, text in texts.items()]
    return [*table_steps(job), *lists, Step((job.out / RECIPE,), partial(_write, job))]


def pairs_of(videos: pd.DataFrame) -> Pairs:
    """Returns the id pairs of a VIDEO table; none if its videos are not paired so.

    Pairs of which both videos are in it come first, so that a limit takes the same ones.

    Example:
        >>> rows = {"split": "test", "manipulation": "original", "pair_id": "953_974"}
        >>> pairs_of(pd.DataFrame([rows | {"target_id": target} for target in ("953", "974")]))
        {'train': [], 'val': [], 'test': [('953', '974')]}
    """
    found: dict[tuple[str, tuple[str, str]], int] = {}
    for row in videos[videos["manipulation"] == ORIGINAL].to_dict("records"):
        first, dash, second = str(row["pair_id"]).partition("_")
        if not dash or row["target_id"] not in (first, second) or not (is_safe_id(first) and is_safe_id(second)):
            return {}
        key = str(row["split"]), (first, second)
        found[key] = found.get(key, 0) + 1
    ordered = sorted(found, key=lambda key: -found[key])
    return {split.value: [pair for own, pair in ordered if own == split] for split in Split}


def _has_official_pairs(job: ExportJob) -> bool:
    return naming_settings(read_finished(job.data.root)).has_official_pairs


def _write(job: ExportJob) -> None:
    about: dict[str, Any] = {name: value for name, value in read_finished(job.data.root).items() if name in _KEPT}
    tables = {f"{name}.parquet": digest(table_bytes(job, name)) for name in table_names(job)}
    write_whole(job.out / RECIPE, json.dumps(about | {"whole": job.is_whole, "sha256": tables}, indent=2) + "\n")


def _describe(job: ExportJob) -> str:
    return f"""- `{RECIPE}`: the settings of the build, the versions, the hashes of the tables
- `videos.parquet`: a row a bag, with its label; `frames.parquet`: a row a slot, with frame, label, box and the hash of
  its crop; `sources.parquet`: a row a video, with its length and hash; `grid.parquet`: mixes at every fake rate
- `splits/`: the id pairs, unless they are those of FaceForensics++
- `crops.parquet`, if all bags are in it: a row a stored crop

Whoever has the videos builds the same set, and is told every difference:

```
ffpms import {job.out.name} --ff-root /data/FaceForensics++ --out ffpms-data
```"""


FORMAT = Format(
    name="recipe",
    title="the recipe, without pixels",
    unit="file",
    make_steps=make_steps,
    describe=_describe,
    has_pixels=False,
)
