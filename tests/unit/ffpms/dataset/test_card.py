"""The data card says what the set holds, and is written for every set there can be."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from ffpms.builder.assembly import count
from ffpms.dataset.card import write_card
from ffpms.dataset.card_tables import tabulate_segments
from ffpms.dataset.contact_sheet import IMAGE, SIDE, draw_bags
from ffpms.dataset.set_files import TABLES
from ffpms.dataset.shortcut_audit import as_json, audit
from ffpms.extraction.png import encode_png
from ffpms.hashing import digest
from ffpms.parquet import read_table

Tables = dict[str, pd.DataFrame]
BLUE = (26, 115, 217)


@pytest.fixture
def tables(built: Path) -> Tables:
    return {name: read_table(built / f"{name}.parquet", schema) for name, schema in TABLES.items()}


@pytest.fixture
def report(built: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((built / "build.json").read_text())
    return found


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    """A folder with the set's crops and nothing else."""
    (tmp_path / "crops").symlink_to(built / "crops")
    return tmp_path


def card(out: Path, report: dict[str, Any], tables: Tables) -> str:
    """The card of a set with these tables."""
    probes = audit(tables["videos"], tables["frames"], tables["sources"])
    write_card(out, report | {"counts": count(tables), "audit": as_json(probes)}, tables)
    return (out / "README.md").read_text()


def only(tables: Tables, column: str, value: str) -> Tables:
    """What is left of the set with one split, or without one manipulation."""
    videos = tables["videos"]
    videos = videos[videos[column] != value[1:]] if value.startswith("-") else videos[videos[column] == value]
    kept = set(videos["bag_id"])
    sources, frames = tables["sources"], tables["frames"]
    return tables | {
        "videos": videos,
        "frames": frames[frames["bag_id"].isin(kept)],
        "sources": sources[sources["source_video"].isin(kept)],
    }


def test_the_same_set_gives_the_same_bytes(built: Path, out: Path, report: dict[str, Any], tables: Tables) -> None:
    write_card(out, report, tables)
    for name in ("README.md", IMAGE):
        assert (out / name).read_bytes() == (built / name).read_bytes()


def test_it_says_why_the_set_is_called_what_it_is(out: Path, report: dict[str, Any], tables: Tables) -> None:
    write_card(out, report, tables)
    why = "it is rendered, so its numbers say nothing about deepfakes;"
    why += " videos of 24-27 frames are not the corpus's 60-90;"
    why += " its split files are not those of its tree; and 1 more reason"
    assert f"It is not the official set. Minicorpus-10-custom: {why}.\n" in (out / "README.md").read_text()
    filmed = {"dataset": "FFPMS", "reasons": [], "config": report["config"] | {"corpus": "ffpp"}}
    write_card(out, report | filmed, tables)
    assert "It is FFPMS: all settings are v1's, and every test video" in (out / "README.md").read_text()


def test_it_says_what_the_audit_found(out: Path, report: dict[str, Any], tables: Tables) -> None:
    text = card(out, report, tables)
    assert report["audit"]["verdict"] in text
    value = report["audit"]["probes"]["NT"]["features"]["n_bytes"]["value"]
    row = next(line for line in text.splitlines() if line.startswith("| n_bytes |"))
    assert row.split(" | ")[-1] == f"{value:.3f} |"


def test_intervals_that_leave_chance_out_are_bold(out: Path, report: dict[str, Any], tables: Tables) -> None:
    off, at = {"value": 0.6, "low": 0.55, "high": 0.65}, {"value": 0.5, "low": 0.45, "high": 0.55}
    probe = {"n_bags": 3, "classifier": at, "features": {"rim_luma": off}, "own": {"rim_luma": at}}
    write_card(out, report | {"audit": {"verdict": "V", "level": 0.99, "probes": {"all": probe}}}, tables)
    text = (out / "README.md").read_text()
    assert "| rim_luma | **0.600 (0.550 to 0.650)** |" in text
    assert "| classifier | 0.500 (0.450 to 0.550) |" in text


def test_pair_checks_are_counted_and_their_worst_named(out: Path, report: dict[str, Any], tables: Tables) -> None:
    sources = tables["sources"]
    sources.loc[sources["source_video"] == "FS_008_009", ["lift_g", "align_certainty"]] = [-4.25, 0.125]
    sources.loc[sources["source_video"] == "FS_006_007", ["lift_r", "align_offset", "align_certainty"]] = [3.0, 1, 0.96]
    sources.loc[sources["source_video"] == "FS_008_009", "align_offset"] = -2  # of a certainty that says nothing
    text = card(out, report, tables)
    line = next(line for line in text.splitlines() if line.endswith("| -4.25 (g, FS_008_009) |"))
    own = sources[sources["manipulation"] == "FS"]
    late = int(((own["align_offset"] != 0) & (own["align_certainty"] >= 0.95)).sum())
    assert 0 < late < (own["align_offset"] != 0).sum()
    expected = ["FS", *[int((own["geometry"] == kind).sum()) for kind in ("crop", "identity")], late]
    assert line.split(" | ")[:-1] == [
        f"| {expected[0]}",
        *map(str, expected[1:]),
        f"{own['align_score'].min():.3f}",
        "0.125",
    ]
    others = next(line for line in text.splitlines() if line.startswith("| NT | "))
    assert others.endswith("| – | – |") == bool(sources.loc[sources["manipulation"] == "NT", "lift_r"].isna().all())


def test_every_status_but_ok_is_listed(out: Path, report: dict[str, Any], tables: Tables) -> None:
    for name, key in (("sources", "source_video"), ("videos", "bag_id"), ("frames", "bag_id")):
        tables[name]["status"] = tables[name]["status"].where(tables[name][key] != "DF_004_005", "missing")
    tables["frames"].loc[[3, 5], "status"] = "no_face"
    text = card(out, report, tables)
    assert "| sources.parquet | missing | 1 | DF_004_005 |" in text
    assert "| videos.parquet | missing | 1 | DF_004_005 |" in text
    assert "| frames.parquet | missing | 20 | DF_004_005 |" in text
    assert "| frames.parquet | no_face | 2 | original_000 |" in text


def test_nothing_wrong_is_said_too(out: Path, report: dict[str, Any], tables: Tables) -> None:
    for name in ("sources", "videos", "frames"):
        tables[name]["status"] = "ok"
    assert "Nothing: every video could be used" in card(out, report, tables)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("split", "train"),
        ("split", "test"),
        ("manipulation", "-DF"),
        ("manipulation", "NT"),
        ("manipulation", "original"),
    ],
)
def test_a_part_of_a_set_has_its_card(
    out: Path, report: dict[str, Any], tables: Tables, column: str, value: str
) -> None:
    text = card(out, report, only(tables, column, value))
    assert ("There is no test split" in text) == (value in ("train", "original"))
    assert f"({IMAGE})" in text
    assert "{" not in text.partition("\n---\n")[2]


def test_a_set_without_pixels_has_no_picture(out: Path, report: dict[str, Any], tables: Tables) -> None:
    tables["videos"]["status"] = tables["frames"]["status"] = tables["sources"]["status"] = "missing"
    tables["sources"]["geometry"] = ""
    (out / IMAGE).write_bytes(b"of an earlier build")
    text = card(out, report, tables)
    assert f"({IMAGE})" not in text
    assert not (out / IMAGE).exists()
    assert "No fake could be compared with its real video." in text
    assert "pairs of videos with mixed bags: 0" in text


def picture(out: Path, tables: Tables, crop_side: int = 64) -> np.ndarray:
    assert draw_bags(out, tables["videos"], tables["frames"], crop_side)
    return np.asarray(Image.open(out / IMAGE).convert("RGB")).astype(int)


def cells(image: np.ndarray, row: int, gap: int = 0) -> list[bool]:
    """Which of a row's 20 cells are framed."""
    step, left, top = SIDE + 8, 148, 30 + row * (SIDE + 8) + gap
    edges = [image[top + 10 : top + 40, left + s * step + 1] for s in range(20)]
    return [bool(np.abs(edge - BLUE).max(axis=1).mean() < 60) for edge in edges]


def test_the_picture_marks_what_was_swapped_in(out: Path, tables: Tables) -> None:
    image = picture(out, tables)
    rows = [f"{m}_006" + ("" if m == "original" else "_007") for m in ("original", "DF", "F2F", "FS", "NT")]
    rows += [name.replace("006_007", "008_009").replace("_006", "_008") for name in rows]
    for i, bag in enumerate(rows):
        swapped = tables["frames"].loc[tables["frames"]["bag_id"] == bag, "replaced"].tolist()
        assert cells(image, i, gap=12 * (i // 5)) == swapped, bag


def test_the_picture_takes_bags_with_pixels_only(out: Path, tables: Tables) -> None:
    before = picture(out, tables)
    tables["videos"].loc[tables["videos"]["bag_id"] == "NT_006_007", "status"] = "missing"
    assert picture(out, tables).shape[0] == before.shape[0], "007 stands in for 006"
    tables["videos"].loc[tables["videos"]["manipulation"] == "NT", "status"] = "missing"
    assert picture(out, tables).shape[0] == before.shape[0] - 2 * (SIDE + 8)


def test_a_slot_without_a_face_is_grey(out: Path, tables: Tables) -> None:
    first = (tables["frames"]["bag_id"] == "original_006") & (tables["frames"]["slot"] == 0)
    tables["frames"].loc[first, "crop"] = ""
    cell = picture(out, tables)[33 : 33 + SIDE, 151 : 151 + SIDE]
    assert np.abs(cell[4:-4, 4:-4] - 221).max() <= 8


def test_the_picture_stays_small_whatever_it_shows(tmp_path: Path, tables: Tables) -> None:
    grain = np.random.default_rng(0).normal(128, 40, (300, 300, 3)).clip(0, 255).astype(np.uint8)
    data = encode_png(grain)
    assert Image.open(io.BytesIO(data)).size == (300, 300)
    for crop in tables["frames"]["crop"]:
        (tmp_path / crop).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / crop).write_bytes(data)
    tables["frames"]["sha256"] = digest(data)
    picture(tmp_path, tables, crop_side=300)
    assert (tmp_path / IMAGE).stat().st_size < 300_000


def test_more_slots_get_smaller_faces(out: Path, tables: Tables) -> None:
    wide = picture(out, tables).shape[1]
    tables["videos"]["n_frames"] = 40
    assert abs(picture(out, tables).shape[1] - wide) < 0.2 * wide


def test_the_two_lines_of_a_row_never_overlap(out: Path, tables: Tables) -> None:
    tables["videos"]["n_frames"] = 64
    image = picture(out, tables)
    n_rows = 2 * 5
    assert image.shape[0] == 30 + 34 * n_rows + 2 * 12 + 10


def test_few_slots_leave_room_for_the_legend(out: Path, tables: Tables) -> None:
    first = {name: tables[name].copy() for name in ("videos", "frames")}
    first["videos"]["n_frames"] = 2
    first["frames"] = first["frames"][first["frames"]["slot"] < 2]
    image = picture(out, first)
    assert (image[:, -10:] > 200).all(), "no text runs into the right margin"
    assert (image[:24, 450:] < 100).any(), "the legend is there"


def test_its_head_names_the_tables_and_forbids_to_pass_on_pixels(
    out: Path, report: dict[str, Any], tables: Tables
) -> None:
    head = yaml.safe_load(card(out, report, tables).split("---\n")[1])
    assert [config["config_name"] for config in head["configs"]] == ["videos", "frames", "crops", "sources", "grid"]
    assert [config["config_name"] for config in head["configs"] if config.get("default")] == ["videos"]
    for config in head["configs"]:
        assert config["data_files"] == [{"split": "all_splits", "path": f"{config['config_name']}.parquet"}]
    assert (head["license"], head["license_name"]) == ("other", "rendered-from-a-cc0-head")
    assert head["pretty_name"] == "Minicorpus-10-custom"
    assert "Nobody in them exists" in (out / "README.md").read_text()
    write_card(out, report | {"config": report["config"] | {"corpus": "ffpp"}}, tables)
    assert 'license_name: "pixels-not-to-be-passed-on"' in (out / "README.md").read_text()
    assert "FaceForensics++ may not be redistributed, and so neither" in (out / "README.md").read_text()


def alone(tables: Tables, n_fake: int) -> Tables:
    """The set, had every fake been taken as it is, with its first slots fake."""
    videos, frames = tables["videos"].copy(), tables["frames"].copy()
    fake = videos["label"] == 1
    videos.loc[fake, "target_id"] = videos.loc[fake, "bag_id"]
    videos.loc[fake, "n_fake"] = n_fake
    of_fakes = frames["bag_id"].isin(videos.loc[fake, "bag_id"])
    frames["label"] = frames["label"].mask(of_fakes, (frames["slot"] < n_fake).astype(frames["label"].dtype))
    return tables | {"videos": videos, "frames": frames}


@pytest.mark.parametrize(
    ("n_fake", "said"),
    [
        (12, "- the fakes' own segments: only there are frames fake in bags that were taken as they are (40)"),
        (20, "- whole: all frames are fake in bags that were taken as they are (40)"),
    ],
    ids=["segments", "whole"],
)
def test_fakes_that_are_taken_as_they_are_claim_no_draw(
    out: Path, report: dict[str, Any], tables: Tables, n_fake: int, said: str
) -> None:
    write_card(out, report, alone(tables, n_fake))
    text = (out / "README.md").read_text()
    assert said in text
    assert "N the number of frames of its video" in text
    for claim in ("frames replaced, each level", "- which:", "some frames are the real video's own"):
        assert claim not in text
    assert ("## How many segments a fake bag has" in text) == (n_fake < 20)


@pytest.mark.parametrize(
    ("segments", "said"), [((2, 2), "which: segments, 2 a fake"), ((1, 3), "which: segments, 1 to 3 a fake")]
)
def test_a_number_of_segments_is_no_range(
    out: Path, report: dict[str, Any], tables: Tables, segments: tuple[int, int], said: str
) -> None:
    recipe = report["config"]["recipe"] | {"placement": "segments", "segments": list(segments)}
    write_card(out, report | {"config": report["config"] | {"recipe": recipe}}, tables)
    assert said in (out / "README.md").read_text()


def test_segments_a_bag_are_counted_by_split(tables: Tables) -> None:
    fakes = tables["videos"][tables["videos"]["label"] == 1]
    two = fakes.loc[fakes["split"] == "test", "bag_id"].iloc[:3]
    frames = tables["frames"].assign(label=0)
    slot, is_fake = frames["slot"], frames["bag_id"].isin(fakes["bag_id"])
    frames.loc[is_fake & slot.between(2, 5), "label"] = 1
    frames.loc[frames["bag_id"].isin(two) & (slot == 9), "label"] = 1
    text = tabulate_segments(tables | {"frames": frames}, "segments")
    n = fakes["split"].value_counts()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[0] == f"| segments | {' | '.join(fakes['split'].unique())} |"
    expected = {split: (n[split] - 3 * (split == "test"), 3 * (split == "test")) for split in fakes["split"].unique()}
    assert rows[2:] == [f"| {i + 1} | {' | '.join(str(own[i]) for own in expected.values())} |" for i in (0, 1)]
    assert "A segment has 1 to 4 frames, half of them 4 or fewer." in text
    assert tabulate_segments(tables, "random") == "", "fake frames at random are no segments"
