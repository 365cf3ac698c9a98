"""WebDataset: tar files of bags, a sample a bag: ``<bag>.json`` and ``<bag>.<slot>.png``."""

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from ffpms.export.format import ExportJob, Format, Step, shards
from ffpms.export.pictures import png_files
from ffpms.export.selection import ExportBag
from ffpms.hashing import digest
from ffpms.storage import whole_file

SHARD_BYTES = 256 << 20


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a tar file."""
    return [step for split in job.splits for step in _shard_steps(job, split)]


def _shard_steps(job: ExportJob, split: str) -> Iterator[Step]:
    for number, bags in enumerate(shards(shuffle(job.of(split)), SHARD_BYTES, job.growth)):
        path = job.out / f"{split}-{number:06d}.tar"
        yield Step((path,), partial(_write, path, bags, job.size))


def shuffle(bags: Sequence[ExportBag]) -> list[ExportBag]:
    """Orders bags by the hash of their names, so that a tar file has real and fake ones mixed."""
    return sorted(bags, key=lambda bag: digest(bag.bag_id.encode()))


def _write(path: Path, bags: Sequence[ExportBag], size: int | None) -> None:
    """Writes a tar file; the same bags give the same bytes."""
    with (
        whole_file(path, durable=False) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for bag in bags:
            for name, data in _members(bag, size):
                about = tarfile.TarInfo(f"{bag.bag_id.replace('.', '%2E')}.{name}")
                about.size = len(data)
                tar.addfile(about, io.BytesIO(data))


def _members(bag: ExportBag, size: int | None) -> Iterator[tuple[str, bytes]]:
    """Yields the extension and the bytes of each file of a sample; a key ends at its first dot."""
    faces = [face | {"file": f"{stem}.png"} for stem, face in zip(bag.stems(), bag.describe_faces(), strict=True)]
    about = bag.describe() | {"slot_labels": list(map(int, bag.slot_labels)), "faces": faces}
    yield "json", json.dumps(about).encode()
    for face, data in zip(faces, png_files(bag, size), strict=True):
        yield face["file"], data


def _describe(job: ExportJob) -> str:
    return f"""A sample is a bag. `json` has its label, `slot_labels` with a label a slot, and `faces`.
`file` of each face names its picture in the sample, such as `003.png`.
A bag without a face has no picture. Bags stand in the order of their names' hashes.

```python
import webdataset

samples = webdataset.WebDataset("{job.splits[0]}-000000.tar", shardshuffle=False).decode("pil")
for sample in samples:
    faces = [sample[face["file"]] for face in sample["json"]["faces"]]
```"""


FORMAT = Format(
    name="webdataset",
    title="WebDataset",
    unit="file",
    make_steps=make_steps,
    describe=_describe,
    without_face="Such a slot is in `slot_labels` alone, and such a bag is a sample without pictures.",
)
