"""What tests of scores across data share: other people's pairs, a quick training, and where the scores lie."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.runs.other_sets import list_folders
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.protocol.splits import Pairs
from tests.helpers.tiny_set import CONFIG as TINY
from tests.helpers.tiny_set import OTHER_PAIRS, make_set
from tests.helpers.trials import CONFIG

OTHERS: Pairs = {**OTHER_PAIRS, "test": [("904", "905"), ("906", "907")]}
"""Other people than those of the set to train on."""
OF_OTHERS = replace(TINY, recipe=replace(TINY.recipe, manipulations=("DF", "NT")))
QUICK = replace(CONFIG, epochs=1, manipulations=("DF", "F2F"))
Sets = tuple[BuiltSet, BuiltSet]


def folder_on_other(runs: Path) -> Path:
    """The folder of the one run's scores of the other set."""
    (folder,) = (place for done in runs.glob("*/DONE") for place in list_folders(done.parent))
    return folder


def make_other(out: Path, **crop: Any) -> BuiltSet:
    """The second set, with faces that are cut otherwise."""
    return load(make_set(out, OTHERS, BuildConfig(OF_OTHERS.recipe, replace(TINY.crop, **crop))))
