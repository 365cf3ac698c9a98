"""From a tree of videos to a built set, through the command line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ffpms.dataset.loading import load
from ffpms.dataset.set_files import TABLES
from ffpms.parquet import check
from ffpms.protocol.naming import explain_name
from ffpms.protocol.rate_grid import mix_at_level
from ffpms.schema import FRAME
from ffpms.sources.corpora.ffpp import FAKES
from tests.conftest import SEED, Command
from tests.helpers.corpus import PAIRS, specs

pytestmark = pytest.mark.usefixtures("warm_worker")


def test_everything_was_usable(tables: dict[str, pd.DataFrame]) -> None:
    assert len(tables["videos"]) == 5 * 2 * sum(map(len, PAIRS.values()))
    assert len(tables["frames"]) == 20 * len(tables["videos"])
    for name in ("videos", "frames", "sources", "crops"):
        assert set(tables[name]["status"]) <= {"ok", "interpolated"}, name


@pytest.mark.parametrize("name", TABLES)
def test_tables_keep_their_contract(tables: dict[str, pd.DataFrame], name: str) -> None:
    arrow = check(tables[name], TABLES[name])
    assert arrow.schema.metadata[b"ffpms.schema"] == b"1"
    kinds = {
        c: tables[name][c].dtype.kind
        for c in ("n_fake", "slot", "frame_index", "label", "n_frames")
        if c in tables[name]
    }
    assert set(kinds.values()) <= {"i"}
    for column in ("path", "crop"):
        if column in tables[name]:
            assert not tables[name][column].str.contains(r"^/|\\|\.\.").any()


def test_a_video_fake_at_one_frame_is_fake(tables: dict[str, pd.DataFrame]) -> None:
    videos, frames = tables["videos"], tables["frames"]
    few = videos[(videos["n_fake"] == 1) & (videos["split"] == "test")]
    assert not few.empty
    assert (few["label"] == 1).all()
    assert (few["fake_rate"] == 0.05).all()
    assert (frames[frames["bag_id"].isin(few["bag_id"])].groupby("bag_id")["label"].sum() == 1).all()
    assert frames.groupby("bag_id")["label"].max().to_dict() == dict(
        zip(videos["bag_id"], videos["label"], strict=True)
    )
    assert (videos["fake_rate"] == videos["n_fake"] / 20).all()


def test_replaced_frames_are_the_real_videos_own(tables: dict[str, pd.DataFrame]) -> None:
    frames = tables["frames"].merge(tables["videos"][["bag_id", "target_id"]], on="bag_id")
    swapped = frames[frames["replaced"]]
    assert len(swapped) > 100
    assert (swapped["source_video"] == "original_" + swapped["target_id"]).all()
    stored = tables["crops"].set_index(["source_video", "frame_index"])["sha256"]
    keys = list(zip(swapped["source_video"], swapped["frame_index"], strict=True))
    assert (stored.loc[keys].to_numpy() == swapped["sha256"].to_numpy()).all()


def test_a_fake_is_cropped_as_its_real_counterpart_is(tables: dict[str, pd.DataFrame]) -> None:
    crops = tables["crops"].merge(tables["sources"][["source_video", "target_id", "shift_x"]], on="source_video")
    boxes = crops.assign(box_x=crops["box_x"] - crops["shift_x"])
    by_frame = boxes.groupby(["target_id", "frame_index"])[["box_x", "box_y", "box_w", "box_h"]]
    assert (by_frame.nunique() == 1).all(axis=None)
    assert (by_frame.size() > 1).sum() > 100


def test_lengths_and_geometry_of_the_sources(tables: dict[str, pd.DataFrame]) -> None:
    sources = tables["sources"]
    assert (sources["n_frames"] >= 24).all()
    originals = sources[sources["manipulation"] == "original"]
    assert (originals["n_frames"] == originals["video_id"].map(lambda i: specs()[i].n_frames)).all()
    lengths = originals.set_index("video_id")["n_frames"]
    target, source = sources["target_id"].map(lengths), sources["source_id"].map(lengths)
    shorter = np.minimum(target, source)
    for kind, expected in {"DF": target, "F2F": source, "FS": shorter, "NT": shorter}.items():
        own = sources["manipulation"] == kind
        assert (sources.loc[own, "n_frames"] == expected[own]).all()
    assert set(sources["crf"]) == {40.0}
    narrow = sources["manipulation"].isin(["F2F", "NT"])
    widths = sources["target_id"].map(originals.set_index("video_id")["width"])
    assert (sources["width"] == widths.where(~narrow, widths // 32 * 32)).all()
    left = sources["target_id"].map({i: spec.size[0] % 32 // 2 for i, spec in specs().items()})
    assert (sources["shift_x"] == (-left).where(narrow, 0.0)).all()
    assert (sources["align_offset"] == 0).mean() > 0.95, "another expression may look like another moment, but rarely"


def test_crops_have_their_size_and_hash(built: Path, tables: dict[str, pd.DataFrame]) -> None:
    import hashlib

    from PIL import Image

    frames = tables["frames"].drop_duplicates("crop").sample(20, random_state=0)
    for row in frames.to_dict("records"):
        assert hashlib.sha256((built / row["crop"]).read_bytes()).hexdigest() == row["sha256"]
        assert Image.open(built / row["crop"]).size == (64, 64)
    assert len(list((built / "crops").rglob("*.png"))) == len(tables["crops"])


def test_the_grid_mixes_every_fake_bag_at_every_level(tables: dict[str, pd.DataFrame]) -> None:
    videos, frames, crops, grid = (tables[name] for name in ("videos", "frames", "crops", "grid"))
    fake = videos["manipulation"] != "original"
    assert list(grid["bag_id"].unique()) == list(videos.loc[fake, "bag_id"])
    assert grid.groupby("bag_id").size().unique().tolist() == [5 * 20]
    for level in (0, 1, 20):
        mix = mix_at_level(videos, frames, crops, grid, 2, level)
        assert check(mix, FRAME).num_rows == len(frames)
        assert (mix["crop"] != "").all(), "no new pixels are needed"
        counts = mix.groupby("bag_id")["label"].sum().loc[videos["bag_id"]].to_numpy()
        assert (counts == np.where(fake, level, 0)).all()


def test_segments_are_built_and_named(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    flags = ("--ff-root", tree, "--splits", tree / "splits", "--size", 32, "--split", "test", "--limit", 2)
    assert ffpms("build", *flags, "--placement", "contiguous", "--out", tmp_path / "data").exit_code == 0
    videos, frames = (pd.read_parquet(tmp_path / "data" / f"{name}.parquet") for name in ("videos", "frames"))
    assert len(videos) == 10
    for video in videos.to_dict("records"):
        own = frames[frames["bag_id"] == video["bag_id"]]
        slots = own.loc[own["label"] == 1, "slot"].tolist()
        if video["manipulation"] == "original":
            assert (video["segment_start"], video["segment_length"]) == (-1, -1)
        else:
            assert slots == list(range(video["segment_start"], video["segment_start"] + video["segment_length"]))
            assert len(slots) == video["n_fake"]


def test_several_segments_are_built_told_from_others_and_imported(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    out, recipe, again = tmp_path / "data", tmp_path / "recipe", tmp_path / "again"
    flags = ("--ff-root", tree, "--splits", tree / "splits", "--size", 32, "--split", "test", "--limit", 2)
    flags += ("--workers", 1, "--frames", 20, "--placement", "segments", "--out", out)
    result = ffpms("build", *flags, "--segments", "2-3")
    assert result.exit_code == 0, result.output
    data = load(out)
    found = data.segments("test").groupby("bag_id").size()
    for video in data.videos.to_dict("records"):
        fits = min(video["n_fake"], 20 - video["n_fake"] + 1)
        drawn = data.recipe.n_segments("test", video["manipulation"], video["video_id"])
        assert found.get(video["bag_id"], 0) == min(drawn, fits), video["bag_id"]
        assert drawn in (2, 3)
    assert found.max() >= 2
    assert (data.videos["segment_start"] == -1).all()
    assert "which: segments, 2 to 3 a fake" in (out / "README.md").read_text(encoding="utf-8")
    other = ffpms("build", *flags, "--segments", "1-3")
    assert other.exit_code == 2
    assert "was built with --segments 2-3, not --segments 1-3" in other.stderr
    assert (checked := ffpms("verify", out)).exit_code == 0, checked.output
    assert ffpms("export", out, "--recipe-only", "--out", recipe).exit_code == 0
    done = ffpms("import", recipe, "--ff-root", tree, "--out", again, "--workers", 1)
    assert "every row is as in the recipe" in done.output
    assert load(again).recipe == data.recipe


def test_the_report_and_the_card_say_what_was_built(built: Path) -> None:
    report = json.loads((built / "build.json").read_text())
    assert report["complete"] is True
    assert report["dataset"] == "Minicorpus-10-custom"
    assert report["reasons"] == [
        "it is rendered, so its numbers say nothing about deepfakes",
        "videos of 24-27 frames are not the corpus's 60-90",
        "its split files are not those of its tree",
        f"--seed {SEED} is not v1's 2020",
    ]
    assert explain_name("Minicorpus-10-custom", report["reasons"]) in (built / "README.md").read_text()
    assert report["counts"]["videos"] == {"all": 50, "ok": 50}
    assert report["config"]["recipe"]["seed"] == SEED
    assert set(report["sha256"]) == {f"{name}.parquet" for name in TABLES}
    assert report["audit"]["verdict"] == "Not known (pairs of videos: 5, of at least 8 for an interval)."
    assert list(report["audit"]["probes"]) == ["all", *FAKES]
    assert report["audit"]["probes"]["all"]["n_bags"] == 40
    card = (built / "README.md").read_text()
    assert "| test | DF | 4 | 4 |" in card
