"""Rendered trees of ``ffpms minicorpus``: FaceForensics++'s layout, with ``corpus.json``.

That file tells such a tree from FaceForensics++, whose ids and pairs it may have.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ffpms.errors import ConfigError, unreadable
from ffpms.protocol.rendered import SHARES, TITLE, RenderedTree
from ffpms.regular_files import read_text
from ffpms.sources.corpora import ffpp
from ffpms.sources.corpus import not_published
from ffpms.sources.listing import Layout

RENDERED = ffpp.RENDERED
SETTINGS = "settings"
"""Key of ``corpus.json`` with the settings; older files hold nothing else, without this key."""
_OLDER = {"difficulty": 0.4, "seed": 0, "shares": list(SHARES)}
_FIELDS = tuple(field.name for field in fields(RenderedTree))


def find_layouts(root: Path) -> list[Layout] | None:
    """Finds a layout for each compression level; None if it is no rendered tree."""
    return ffpp.layouts_below(root) if ffpp.is_rendered(root) else None


def read_tree(root: Path) -> RenderedTree:
    """Reads with which settings a tree was rendered.

    Raises:
        ConfigError: its ``corpus.json`` is damaged, or somebody else's.
    """
    try:
        return restore_tree(_read_settings(root))
    except (ConfigError, TypeError) as error:
        raise _not_ours(root / RENDERED, str(error)) from None


def restore_tree(stored: Mapping[str, Any]) -> RenderedTree:
    """Makes the settings of a tree from JSON, where tuples had become lists.

    Raises:
        ConfigError: a value is out of range, or there is no number of people.
    """
    if "identities" not in stored:
        raise ConfigError("no identities in it")
    return RenderedTree(**{key: _as_tuple(stored[key]) for key in _FIELDS if key in stored})


def _read_settings(root: Path) -> dict[str, Any]:
    """Reads the settings of a tree; later ones have the value that they had when an older ffpms
    rendered it.
    """
    path = root / RENDERED
    try:
        found = json.loads(read_text(path))
    except OSError as error:
        raise ConfigError(f"{path}: {unreadable(error)}") from None
    except (ValueError, RecursionError) as error:
        raise _not_ours(path, str(error)) from None
    if not isinstance(found, dict) or not isinstance(found.get(SETTINGS, {}), dict):
        raise _not_ours(path, "no settings in it")
    return dict(found.get(SETTINGS, _OLDER | found))


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _not_ours(path: Path, why: str) -> ConfigError:
    todo = "render the tree anew with another --out, or move the file away if the tree is not rendered"
    return ConfigError(f"{path}: damaged, or not of 'ffpms minicorpus' ({why}); {todo}")


CORPUS = replace(
    ffpp.CORPUS,
    name="minicorpus",
    title=TITLE,
    manipulations=ffpp.FOLDERS,
    find_layouts=find_layouts,
    not_found=f"{RENDERED} is not in it",
    give_root="give --root the folder that 'ffpms minicorpus --out' rendered",
    published=not_published,
    rendered=read_tree,
    terms="",
)
