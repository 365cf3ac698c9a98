"""Parts of a fake that do not fit its real video are found, and the file that is more likely wrong is named."""

from pathlib import Path
from typing import Any

import pytest

from ffpms.extraction.faces.detection import FINDERS
from ffpms.extraction.shards import Shard
from ffpms.extraction.target import build_target
from ffpms.extraction.target_job import TargetJob
from ffpms.protocol.crop_config import CropConfig
from ffpms.schema import ORIGINAL, bag_key
from ffpms.sources.corpora.ffpp import official
from ffpms.sources.listing import Source
from tests.conftest import Command
from tests.e2e.test_pairs import frames_of
from tests.helpers.building import REAL, flags, status_of
from tests.helpers.corpus import encode

pytestmark = pytest.mark.usefixtures("warm_worker")

KINDS = ("DF", "F2F", "FS", "NT")
FAKES = {f"{kind}_006_007" for kind in KINDS}
FAKE = "manipulated_sequences/{}/c40/videos/006_007.mp4"
ORIGINAL_006 = f"{REAL}/006.mp4"


def build(root: Path, *, keep: bool = False) -> tuple[dict[str, dict[str, Any]], Shard]:
    """The rows of target 006 by their names, and its shard."""
    videos = [(ORIGINAL, "006", None), *((kind, "006_007", "007") for kind in KINDS)]
    sources = tuple(
        Source(bag_key(kind, name), official("c40").path(kind, name), kind, name, "006", source, "c40", "test")
        for kind, name, source in videos
    )
    job = TargetJob(root, root, "006", sources, 20, CropConfig(size=32), keep_unverified=keep)
    shard = build_target(job, FINDERS["dlib"](), lambda _: None)
    return {row["source_video"]: row for row in shard.sources}, shard


def lose(path: Path, first: int, count: int) -> None:
    """Cuts frames out of a video, or repeats the one before (``count`` below 0)."""
    films = frames_of(path)
    kept = films[first + count :] if count > 0 else [films[first - 1]] * -count + films[first:]
    encode(path, films[:first] + kept)


def bad(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: row["status"] for name, row in rows.items() if row["status"] != "ok"}


@pytest.mark.parametrize(("first", "count"), [(10, 3), (10, 2), (13, 4), (12, -3)])
def test_a_fake_that_loses_or_repeats_frames_in_mid_video_is_misaligned(copy: Path, first: int, count: int) -> None:
    lose(copy / FAKE.format("Deepfakes"), first, count)
    rows, _ = build(copy)
    assert bad(rows) == {"DF_006_007": "misaligned"}
    error = rows["DF_006_007"]["error"]
    assert error.startswith(f"runs {count:+d}")
    assert "frames off original_006" in error
    assert "compare its length" in error


def test_frames_lost_and_made_good_are_found_between(copy: Path) -> None:
    path = copy / FAKE.format("Deepfakes")
    films = frames_of(path)
    encode(path, films[:7] + films[10:18] + [films[17]] * 3 + films[18:])
    rows, _ = build(copy)
    assert bad(rows) == {"DF_006_007": "misaligned"}
    assert "+3 frames off original_006" in rows["DF_006_007"]["error"]


def test_some_frames_of_another_scene_are_found(copy: Path) -> None:
    path = copy / FAKE.format("FaceSwap")
    films, others = frames_of(path), frames_of(copy / f"{REAL}/008.mp4")
    encode(path, films[:9] + [f[: films[0].shape[0], : films[0].shape[1]] for f in others[9:12]] + films[12:])
    rows, _ = build(copy)
    assert bad(rows) == {"FS_006_007": "misaligned"}
    assert rows["FS_006_007"]["error"].startswith("does not show what original_006 shows between frames ")


def test_a_real_video_of_somebody_else_is_blamed_and_not_its_fakes(ffpms: Command, copy: Path, tmp_path: Path) -> None:
    encode(copy / ORIGINAL_006, frames_of(copy / f"{REAL}/008.mp4"))
    result = ffpms(*flags(copy, tmp_path / "data"))
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{ORIGINAL_006}: 4 of 4 fakes do not fit it, so rather this file is wrong")
    found = status_of(tmp_path / "data")
    assert found["original_006"] == "misaligned"
    assert {bag for bag, status in found.items() if status == "no_counterpart"} == FAKES
    assert sum(status == "ok" for status in found.values()) == 15
    assert not list((tmp_path / "data/crops/006").rglob("*.png"))
    assert ffpms("verify", tmp_path / "data").exit_code == 0


def test_a_real_video_that_loses_frames_in_mid_video_is_blamed(copy: Path) -> None:
    lose(copy / ORIGINAL_006, 11, 3)
    rows, shard = build(copy)
    assert bad(rows) == {"original_006": "misaligned"}
    assert "-3 frames off original_006" in rows["original_006"]["error"]
    assert not shard.crops
    kept, shard = build(copy, keep=True)
    assert kept["original_006"]["status"] == "unverified"
    assert {name for name in FAKES if "suspect" in kept[name]["error"]}
    assert {row["source_video"] for row in shard.crops} == {"original_006", *FAKES}


def test_a_real_video_that_certainly_fits_a_fake_is_cleared(copy: Path) -> None:
    films = frames_of(copy / f"{REAL}/009.mp4")
    for n, folder in enumerate(("Deepfakes", "Face2Face", "FaceSwap")):
        encode(copy / FAKE.format(folder), films[: len(films) - n])  # three files
    rows, _ = build(copy)
    assert bad(rows) == dict.fromkeys(FAKES - {"NT_006_007"}, "misaligned")
