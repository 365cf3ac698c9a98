"""Head of a data card: what Hugging Face's libraries read of a folder, in YAML."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from ffpms.sources.corpus import Corpus

TAGS = ["deepfake-detection", "partially-fake-video", "face-forgery", "ffpms"]
PIXEL_LICENCE = "pixels-not-to-be-passed-on"
"""Name of the licence of what has pixels, where a field wants one."""
RENDERED_LICENCE = "rendered-from-a-cc0-head"
"""The same of a rendered corpus, whose pixels anybody may pass on."""

_READ_FIRST = ("videos", "frames")


def yaml_head(fields: Mapping[str, Any]) -> str:
    """Writes the head of a card: each value is JSON, which YAML takes as it is.

    Example:
        >>> yaml_head({"license": "other", "tags": ["ffpms"]}).split()
        ['---', 'license:', '"other"', 'tags:', '["ffpms"]', '---']
    """
    lines = [f"{name}: {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---", "", ""])


def pixel_licence(corpus: Corpus) -> str:
    """Returns the name of the licence of a corpus's pixels."""
    return RENDERED_LICENCE if corpus.rendered else PIXEL_LICENCE


def set_head(dataset: str, tables: Collection[str], licence: str = PIXEL_LICENCE) -> str:
    """Makes the head of a built set's card.

    Without it ``datasets.load_dataset`` takes the folder for crops without labels.
    """
    configs = table_configs(tables)
    return yaml_head(
        {"pretty_name": dataset, "license": "other", "license_name": licence, "tags": TAGS, "configs": configs}
    )


def table_configs(tables: Collection[str]) -> list[dict[str, Any]]:
    """Makes each table a configuration, ``videos`` the default.

    All rows are in one split, ``all_splits``, and the column ``split`` says which one each is in.
    """
    names = [*_READ_FIRST, *(name for name in tables if name not in _READ_FIRST)]
    return [
        {"config_name": name, "data_files": [{"split": "all_splits", "path": f"{name}.parquet"}]}
        | ({"default": True} if name == _READ_FIRST[0] else {})
        for name in names
    ]
