"""Recipe: all that a set consists of but its pixels, from which ``ffpms import`` builds it again."""

import json
from functools import partial
from typing import Any

from ffpms.dataset.set_files import read_finished
from ffpms.export.format import ExportJob, Format, Step
from ffpms.export.tables import table_bytes, table_names, table_steps
from ffpms.hashing import digest
from ffpms.storage import write_whole

RECIPE = "recipe.json"
_KEPT = ("ffpms", "dataset", "reasons", "config", "versions")
"""Fields of ``build.json`` that say nothing of the machine that it was built on."""


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a table, then the settings."""
    path = job.out / RECIPE
    return [*table_steps(job), Step((path,), partial(_write, job))]


def _write(job: ExportJob) -> None:
    about: dict[str, Any] = {name: value for name, value in read_finished(job.data.root).items() if name in _KEPT}
    tables = {f"{name}.parquet": digest(table_bytes(job, name)) for name in table_names(job)}
    write_whole(job.out / RECIPE, json.dumps(about | {"whole": job.is_whole, "sha256": tables}, indent=2) + "\n")


def _describe(job: ExportJob) -> str:
    return f"""- `{RECIPE}`: the settings of the build, the versions, the hashes of the tables
- `videos.parquet`: a row a bag, with its label; `frames.parquet`: a row a slot, with frame, label, box and the hash of
  its crop; `sources.parquet`: a row a video, with its length and hash; `grid.parquet`: mixes at every fake rate
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
