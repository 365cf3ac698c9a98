"""The preview of DFDC: its list of videos becomes a listing; no pixels."""

import json
from collections import Counter
from pathlib import Path

import pytest

from ffpms.errors import ManifestError
from tests.helpers.empty_trees import listed


def preview(root: Path, **changes: object) -> Path:
    entries = {
        f"original_videos/{100 + n}/{100 + n}_A_001.mp4": {"label": "real", "set": "test" if n > 15 else "train"}
        for n in range(20)
    }
    entries |= {
        f"method_{m}/{100 + n}/{100 + n}_A_001.mp4": {
            "label": "fake",
            "set": "test" if n > 15 else "train",
            "target_id": 100 + n,
            "swapped_id": 7,
        }
        | changes
        for n in range(20)
        for m in "AB"
    }
    (root / "dataset.json").write_text(json.dumps(entries))
    return root


def test_the_preview_has_no_counterparts_but_people(tmp_path: Path) -> None:
    listing = listed(preview(tmp_path), "dfdc-preview")
    assert listing.recipe.manipulations == ("DFDC-A", "DFDC-B")
    assert all(video.is_alone for video in listing.videos if video.manipulation != "original")
    by_person: dict[str, set[str]] = {}
    for video in listing.videos:
        by_person.setdefault(video.pair_id, set()).add(video.split)
    assert {len(found) for found in by_person.values()} == {1}
    assert Counter(split for (split,) in by_person.values()) == {"train": 14, "val": 2, "test": 4}
    with pytest.raises(ManifestError, match=r"of method_A/100/100_A_001.mp4 are not train or test"):
        listed(preview(tmp_path, set="dev"), "dfdc-preview")
