"""Croissant: a description of the tables and crops in JSON-LD, version 1.1 of the format.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa

import ffpms
from ffpms.dataset.card_head import table_configs
from ffpms.dataset.set_files import REPORT, TABLES
from ffpms.export.format import ExportJob, Format, Step
from ffpms.export.selection import LABELS
from ffpms.export.tables import table_bytes, table_names, table_steps
from ffpms.export.terms import pixel_terms
from ffpms.hashing import digest
from ffpms.storage import write_whole
from ffpms.stored_paths import CROPS

JSON = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
_SC, _CR = "https://schema.org/", "http://mlcommons.org/croissant/"
_TERMS = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty fileSet format "
    "includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
    "samplingRate separator source subField transform"
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": _SC,
    "sc": _SC,
    "cr": _CR,
    "rai": f"{_CR}RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: {"@container": "@language"} for name in ("name", "description")},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
_CITATION = (
    "Xiaodan Li, Yining Lang, Yuefeng Chen, Xiaofeng Mao, Yuan He, Shuhui Wang, Hui Xue, Quan Lu: "
    "Sharp Multiple Instance Learning for DeepFake Video Detection. ACM MM 2020. doi:10.1145/3394171.3414034"
)
_KEYS = {
    "videos": ("bag_id",),
    "frames": ("bag_id", "slot", "track_id"),
    "crops": ("source_video", "frame_index", "track_id"),
    "sources": ("source_video",),
    "grid": ("bag_id", "draw", "slot"),
}
_WHAT = {
    "videos": "a bag: a video with its label and number of fake frames",
    "frames": "a slot of a bag: its frame, label, box, and the path and hash of its crop",
    "crops": "a stored crop of a face",
    "sources": "a video file, with its length, size and hash",
    "grid": "a slot of a fake bag at other fake rates: with n fake frames those of rank below n are fake",
}


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a table, then the JSON."""
    return [*table_steps(job), Step((job.out / JSON,), partial(_write, job))]


def _write(job: ExportJob) -> None:
    write_whole(job.out / JSON, json.dumps(make_jsonld(job), indent=2) + "\n")


def make_jsonld(job: ExportJob) -> dict[str, Any]:
    """Makes the description: files with their hashes, and a record set a table."""
    names, terms = table_names(job), pixel_terms(job.corpus)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": job.data.name,
        "description": f"Bags of face crops of partially fake videos, built by ffpms {ffpms.__version__}. {terms}",
        "license": terms,
        "url": "https://doi.org/10.1145/3394171.3414034",
        "citeAs": _CITATION,
        "version": "1.0.0",
        "datePublished": _date(job),
        "keywords": ["deepfake detection", "partially fake video", "multiple instance learning"],
        "distribution": [*(_file(job, name) for name in names), _crops()],
        "recordSet": [_labels(), *(_records(name) for name in names), _faces()],
    }


def _date(job: ExportJob) -> str:
    """The day on which the set was built."""
    return datetime.fromtimestamp((job.data.root / REPORT).stat().st_mtime, UTC).date().isoformat()


def _file(job: ExportJob, name: str) -> dict[str, Any]:
    data = table_bytes(job, name)
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.parquet",
        "name": f"{name}.parquet",
        "contentUrl": f"{name}.parquet",
        "contentSize": f"{len(data)} B",
        "encodingFormat": "application/x-parquet",
        "sha256": digest(data),
    }


def _crops() -> dict[str, Any]:
    """The pictures: they lie beside the JSON once the built set's folder of crops does."""
    return {
        "@type": "cr:FileSet",
        "@id": "crop-files",
        "name": "crop-files",
        "description": "Stored crops, in the folder of the built set; their hashes are in the tables.",
        "encodingFormat": "image/png",
        "includes": f"{CROPS}/*/*/*.png",
    }


def _labels() -> dict[str, Any]:
    """What the labels 0 and 1 are called."""
    return {
        "@type": "cr:RecordSet",
        "@id": "labels",
        "name": "labels",
        "dataType": "sc:Enumeration",
        "key": {"@id": "labels/label"},
        "field": [
            {"@type": "cr:Field", "@id": f"labels/{name}", "name": name, "dataType": kind}
            for name, kind in (("label", "sc:Integer"), ("name", "sc:Text"))
        ],
        "data": [{"labels/label": label, "labels/name": name} for label, name in enumerate(LABELS)],
    }


def _records(name: str) -> dict[str, Any]:
    key = [{"@id": f"{name}/{column}"} for column in _KEYS[name]]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"A row is {_WHAT[name]}.",
        "key": key[0] if len(key) == 1 else key,
        "field": [_field(name, column) for column in TABLES[name]],
    }


def _field(table: str, column: pa.Field) -> dict[str, Any]:
    """A column; no table refers to another, since mlcroissant 1.1 cannot join two Parquet files."""
    own: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": column.name,
        "dataType": [_data_type(column.type), "cr:Label"] if column.name == "label" else _data_type(column.type),
        "source": {"fileObject": {"@id": f"{table}.parquet"}, "extract": {"column": column.name}},
    }
    return own | ({"references": {"field": {"@id": "labels/label"}}} if column.name == "label" else {})


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"


def _faces() -> dict[str, Any]:
    """The pictures as records: path and pixels."""
    fields = (("path", "sc:Text", "fullpath"), ("image", "sc:ImageObject", "content"))
    return {
        "@type": "cr:RecordSet",
        "@id": "faces",
        "name": "faces",
        "description": "A row is a stored crop: its path, as in the column crop, and its pixels.",
        "key": {"@id": "faces/path"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"faces/{name}",
                "name": name,
                "dataType": kind,
                "source": {"fileSet": {"@id": "crop-files"}, "extract": {"fileProperty": extracted}},
            }
            for name, kind, extracted in fields
        ],
    }


def _describe(job: ExportJob) -> str:
    return f"""`{JSON}` describes the tables beside it, with their hashes, and the crops of the built set.
Its record sets are the tables, `labels`, and `faces`, the pictures.
Copy the folder `{CROPS}` of the built set into this one, and `faces` gives the pictures.

```python
import mlcroissant

data = mlcroissant.Dataset("{job.out.name}/{JSON}")  # give the path of this folder
video = next(iter(data.records("videos")))
```

The pictures are not in this folder. {pixel_terms(job.corpus)}"""


FORMAT = Format(
    name="croissant",
    title="described in Croissant",
    unit="file",
    make_steps=make_steps,
    describe=_describe,
    without_face="Such a slot or bag has rows with its status.",
    keeps_unbuilt=True,
    has_pixels=False,
    head=lambda job: {"configs": table_configs(table_names(job))},
)
