"""Features: the types of columns, as Hugging Face's `datasets` tells them in Parquet files."""

import json
from typing import Any

import pyarrow as pa

from ffpms.export.selection import LABELS

IMAGE = {"_type": "Image"}
LABEL = {"_type": "ClassLabel", "names": list(LABELS)}
_ARROW = {
    "Image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    "ClassLabel": pa.int64(),
}


def _value(dtype: str) -> dict[str, Any]:
    return {"_type": "Value", "dtype": dtype}


def _list(feature: dict[str, Any]) -> dict[str, Any]:
    """A list, under the name that versions of `datasets` before and after 4 know."""
    return {"_type": "Sequence", "feature": feature}


TEXT, INDEX, NUMBER, _FLAG, _RATE = (_value(dtype) for dtype in ("string", "int32", "float32", "bool", "float64"))
_OF_VIDEO = {
    **dict.fromkeys(("bag_id", "manipulation", "video_id", "target_id", "source_id", "pair_id", "status"), TEXT),
    "label": LABEL,
    "n_frames": INDEX,
    "n_fake": INDEX,
    "fake_rate": _RATE,
}
OF_FACE = {
    "slot": INDEX,
    "track_id": INDEX,
    "frame_index": INDEX,
    "source_video": TEXT,
    "replaced": _FLAG,
    "box": _list(NUMBER),
    "sha256": TEXT,
}
BAGS = {
    "images": _list(IMAGE),
    **_OF_VIDEO,
    "frame_labels": _list(LABEL),
    "slot_labels": _list(LABEL),
    **{name: _list(feature) for name, feature in OF_FACE.items()},
}
FRAMES = {
    "image": IMAGE,
    "label": LABEL,
    **dict.fromkeys(("bag_id", "manipulation", "pair_id", "status"), TEXT),
    "bag_label": LABEL,
    **OF_FACE,
}


def make_schema(features: dict[str, Any]) -> pa.Schema:
    """Makes the Arrow schema of features, with the metadata by which `datasets` knows them."""
    fields = [(name, _arrow(feature)) for name, feature in features.items()]
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _arrow(feature: dict[str, Any]) -> pa.DataType:
    if feature["_type"] == "Sequence":
        return pa.list_(_arrow(feature["feature"]))
    return _ARROW.get(feature["_type"]) or pa.type_for_alias(feature["dtype"])
