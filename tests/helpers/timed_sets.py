"""A built set whose videos have lengths and frame rates, and runs that scored it at random."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.runs.folder import Run
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from ffpms.schema import UNKNOWN
from tests.helpers.run_folders import run_of_set
from tests.helpers.tiny_set import THREE_TESTED, edit, make_set

CONFIG = BuildConfig(Recipe(manipulations=("DF", "F2F")), CropConfig(size=16))
RATES = (25.0, 30_000 / 1001, 23.976, 24.0, 50.0, 12.5)
FACELESS = "DF_004_005"
"""A bag of which no slot has a face."""


def make_timed_set(out: Path) -> Path:
    """18 test bags of 20 slots, whose videos have 40 to 60 frames; one bag has no face."""
    data = make_set(out, THREE_TESTED, CONFIG)

    def set_times(sources: pd.DataFrame) -> None:
        sources["fps"] = [RATES[n % len(RATES)] for n in range(len(sources))]
        sources["n_frames"] = [40 + (7 * n) % 21 for n in range(len(sources))]

    def lose_faces(table: pd.DataFrame) -> None:
        changed = {"status": "no_face"} | ({"track_id": UNKNOWN, "crop": ""} if "crop" in table else {})
        for column, value in changed.items():
            table.loc[table["bag_id"] == FACELESS, column] = value

    edit(data, "sources", set_times)
    for name in ("videos", "frames"):
        edit(data, name, lose_faces)
    return data


def random_run(data: BuiltSet, seed: int, steps: int = 10**6) -> Run:
    """A run of the set that knows little, with scores in steps: few steps make many of them equal."""
    run, draw = run_of_set(data, seed=seed), np.random.default_rng(seed)
    shown = run.scores[(run.scores["level"] == "video") | (run.scores["status"] != "no_face")]
    score = np.round((0.7 * draw.random(len(shown)) + 0.3 * shown["y_true"]) * steps) / steps
    return replace(run, scores=shown.assign(score=score))
