"""FFPMS v1 without pixels, of the official pairs and of others."""

import json
from pathlib import Path

from ffpms.parquet import read_table
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.v1_manifest import write_manifest
from ffpms.schema import PLANNED_FRAME
from tests.helpers.corpus import PAIRS


def test_a_plan_of_other_pairs_leaves_its_frames_open(tmp_path: Path) -> None:
    """Another tree's ``000`` is not FaceForensics++'s: its length is not known before it is read."""
    for split, pairs in PAIRS.items():
        (tmp_path / f"{split}.json").write_text(json.dumps(pairs))
    write_manifest(tmp_path / "plan", Recipe(), tmp_path)
    frames = read_table(tmp_path / "plan" / "frames.parquet", PLANNED_FRAME)
    assert (frames["frame_index"] == -1).all()
    assert (frames["n_frames"] == -1).all()
