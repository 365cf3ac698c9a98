"""Hugging Face: Parquet files with the pictures in them, which ``datasets.load_dataset`` opens.

``bags`` has a row a bag with lists of faces and labels, ``frames`` a row a face. Types are told by
the metadata that `datasets` itself writes (docs/adr/0043-exports.md).
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ffpms.export.features import BAGS, FRAMES, OF_FACE, make_schema
from ffpms.export.format import ExportJob, Format, Step, shards
from ffpms.export.pictures import png_files
from ffpms.export.selection import ExportBag
from ffpms.storage import whole_file

SPLITS = {"train": "train", "val": "validation", "test": "test"}
"""The splits' names there."""
SHARD_BYTES = 256 << 20
"""Size of a file, as far as bags allow."""
GROUP_BYTES = 16 << 20
"""Size of a row group: what a reader fetches at once."""

CONFIGS: dict[str, dict[str, Any]] = {"bags": BAGS, "frames": FRAMES}
"""The columns of each configuration with their features."""


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a file: the shards of each configuration and split."""
    return [step for config in CONFIGS for split in _splits(job, config) for step in _shard_steps(job, config, split)]


def _splits(job: ExportJob, config: str) -> tuple[str, ...]:
    """Returns the splits of a configuration: `datasets` opens none without a row."""
    return job.splits if config == "bags" else job.splits_with_faces


def _shard_steps(job: ExportJob, config: str, split: str) -> Iterator[Step]:
    bags_in = [bag for bag in job.of(split) if bag.faces or config == "bags"]
    runs = shards(bags_in, 1 << 60 if job.recipe_only else SHARD_BYTES, job.growth)
    for number, bags in enumerate(runs):
        path = job.out / config / f"{SPLITS[split]}-{number:05d}-of-{len(runs):05d}.parquet"
        yield Step((path,), partial(_write, path, job, config, bags))


def _write(path: Path, job: ExportJob, config: str, bags: Sequence[ExportBag]) -> None:
    """Writes a shard, a row group after the other."""
    features = _without_pixels(CONFIGS[config]) if job.recipe_only else CONFIGS[config]
    schema = make_schema(features)
    with whole_file(path, durable=False) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in shards(bags, GROUP_BYTES, job.growth):
            rows = [row for bag in group for row in _ROWS[config](bag, _pictures(bag, job))]
            writer.write_table(pa.Table.from_pylist([{name: row[name] for name in features} for row in rows], schema))


def _without_pixels(features: dict[str, Any]) -> dict[str, Any]:
    return {name: feature for name, feature in features.items() if name not in ("image", "images")}


def _pictures(bag: ExportBag, job: ExportJob) -> list[dict[str, Any] | None]:
    if job.recipe_only:
        return [None] * len(bag.faces)
    files = zip(png_files(bag, job.size), bag.stems(), strict=True)
    return [{"bytes": data, "path": f"{bag.bag_id}_{stem}.png"} for data, stem in files]


def _bag_rows(bag: ExportBag, pictures: list[Any]) -> Iterator[dict[str, Any]]:
    faces = bag.describe_faces()
    lists = {name: [face[name] for face in faces] for name in OF_FACE}
    labels = {"frame_labels": [face["label"] for face in faces], "slot_labels": list(map(int, bag.slot_labels))}
    yield {"images": pictures} | bag.describe() | labels | lists


def _frame_rows(bag: ExportBag, pictures: list[Any]) -> Iterator[dict[str, Any]]:
    video = bag.describe()
    for face, picture in zip(bag.describe_faces(), pictures, strict=True):
        yield video | {"image": picture, "bag_label": video["label"]} | face


_ROWS = {"bags": _bag_rows, "frames": _frame_rows}


def _configs(job: ExportJob) -> list[dict[str, Any]]:
    return [
        {"config_name": name, "data_files": [_data_files(name, SPLITS[split]) for split in _splits(job, name)]}
        | ({"default": True} if name == "bags" else {})
        for name in CONFIGS
    ]


def _data_files(config: str, split: str) -> dict[str, str]:
    return {"split": split, "path": f"{config}/{split}-*.parquet"}


def _head(job: ExportJob) -> dict[str, Any]:
    return {"task_categories": ["video-classification", "image-classification"], "configs": _configs(job)}


def _describe(job: ExportJob) -> str:
    split = SPLITS[job.splits_with_faces[0]]
    images = "" if job.recipe_only else " `images` are its faces in order."
    return f"""```python
import datasets

bags = datasets.load_dataset("{job.out.name}", "bags")  # give the path of this folder
frames = datasets.load_dataset("{job.out.name}", "frames", split="{split}", streaming=True)
```

`bags` has a row a bag.{images} `frame_labels`, `slot`, `frame_index` and the other lists have an entry a face;
`slot_labels` one a slot, so also where no face was found. A bag without any face has empty lists. `frames` has a row
a face, and no split without any. `val` is called `validation`."""


FORMAT = Format(
    name="huggingface",
    title="for Hugging Face datasets",
    unit="file",
    make_steps=make_steps,
    describe=_describe,
    without_face="Such a slot is in `slot_labels` alone. Such a bag has empty lists, and no row in `frames`.",
    without_pixels=True,
    head=_head,
)
