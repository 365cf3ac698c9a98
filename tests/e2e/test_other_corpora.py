"""Other corpora and one's own table, made of the embedded corpus: each is built, verified, read and trained on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import ffpms as package
from ffpms.protocol.listing import is_alone
from tests.conftest import Command, Once
from tests.e2e.test_pairs import frames_of
from tests.helpers import other_trees
from tests.helpers.building import status_of
from tests.helpers.corpus import encode
from tests.helpers.odd_videos import make_video

pytestmark = pytest.mark.usefixtures("ffmpeg_on_path", "warm_worker")

SMALL = ("--size", 32, "--workers", 1)
Make = Callable[[Path, Path], Path]
TREES: dict[str, tuple[Make, str, dict[str, str]]] = {
    "celeb-df": (
        other_trees.celeb_df,
        "Celeb-DF-partial-custom",
        {
            "original_id6_0000": "ok",
            "original_id7_0000": "ok",
            "original_id27_0005": "too_short",
            "CDF_id6_id7_0000": "ok",
            "CDF_id7_id6_0000": "ok",
        },
    ),
    "dfd": (
        other_trees.dfd,
        "DFD-partial-custom",
        dict.fromkeys(
            (
                "original_06__exit_phone_room",
                "DFD_06_07__exit_phone_room__YVGY8LOK",
                "DFD_07_06__kitchen_pan__YVGY8LOK",
            ),
            "ok",
        ),
    ),
    "dfdc": (other_trees.dfdc, "DFDC-custom", dict.fromkeys(("original_cc", "DFDC_dd"), "ok")),
    "dfdc-preview": (other_trees.preview, "DFDC-preview-custom", {}),
}


@pytest.mark.parametrize("name", TREES)
def test_a_corpus_is_built_and_verified(name: str, ffpms: Command, tree: Path, tmp_path: Path) -> None:
    make, dataset, statuses = TREES[name]
    root, out = make(tree, tmp_path / "tree"), tmp_path / "data"
    result = ffpms("build", "--root", root, "--out", out, "--split", "test", *SMALL)
    assert result.exit_code == 0, result.output
    checked = ffpms("verify", out, "--root", root, "--workers", 1)
    assert (checked.exit_code, checked.output) == (0, checked.output), checked.output
    assert package.load(out).name == dataset
    found = status_of(out)
    assert statuses.items() <= found.items()
    assert statuses or set(found.values()) == {"ok"}
    assert "complete already" in ffpms("build", "--root", root, "--out", out, "--split", "test", *SMALL).output
    before = ffpms("verify", "--root", root, "--workers", 1, "--json")
    assert {finding["kind"] for finding in json.loads(before.stdout)["findings"]} <= {"too_short"}


def test_a_fake_that_is_two_columns_wider_is_a_stretch(ffpms: Command, tree: Path, tmp_path: Path) -> None:
    root, out = other_trees.celeb_df(tree, tmp_path / "tree"), tmp_path / "data"
    assert ffpms("build", "--root", root, "--out", out, "--split", "test", *SMALL).exit_code == 0
    sources = pd.read_parquet(out / "sources.parquet").set_index("source_video")
    wide, real = sources.loc["CDF_id7_id6_0000"], sources.loc["original_id7_0000"]
    assert wide["width"] == real["width"] + 2
    assert (wide["geometry"], wide["status"]) == ("resize", "ok")
    assert wide["scale_x"] == pytest.approx(wide["width"] / real["width"], abs=2e-3)
    whole = tmp_path / "whole"
    assert ffpms("build", "--root", root, "--out", whole, "--split", "test", "--whole", *SMALL).exit_code == 0
    assert package.load(whole).name == "Celeb-DF-custom"
    assert "original_id7_0000" not in status_of(whole), "the list has it not"


@pytest.fixture(scope="module")
def own(ffpms: Command, tree: Path, once: Once) -> Path:
    """The set of a table, beside the videos it lists."""

    def build(root: Path) -> None:
        other_trees.table(tree, root)
        result = ffpms("build", "--table", root / "videos.csv", "--out", root / "data", *SMALL)
        assert result.exit_code == 0, result.output

    return once("own", build)


def test_a_table_makes_mixed_whole_and_partial_bags(ffpms: Command, own: Path) -> None:
    data = package.load(own / "data")
    assert (data.name, data.reasons) == ("table-videos-partial", ())
    videos = data.videos
    assert set(videos["status"]) == {"ok"}
    assert is_alone(videos).sum() == 4
    partial = videos[videos["n_fake"].between(1, 19) & is_alone(videos)]
    (bag,) = partial["bag_id"]
    rows = data.frames[data.frames["bag_id"] == bag]
    fps = data.sources.set_index("source_video").loc[bag, "fps"]
    assert (rows["label"] == (rows["frame_index"] / fps < 0.4)).all()
    assert not rows["replaced"].any()
    assert ffpms("verify", own / "data", "--root", own, "--workers", 1).exit_code == 0
    assert "called table-videos-partial after its table" in (own / "data" / "README.md").read_text()


def test_one_can_train_on_mixed_and_whole_fakes(ffpms: Command, own: Path, tmp_path: Path) -> None:
    flags = ("--data", own / "data", "--out", tmp_path / "runs", "--backbone", "tiny", "--epochs", 1, "--device", "cpu")
    result = ffpms("bench", "--methods", "smil,xn-avg", *flags)
    assert result.exit_code == 0, result.output
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    ours = board[board["source"] == "ours"]
    assert set(ours["dataset"]) == {"table-videos-partial"}
    assert "95-100%" in set(ours["fake_rate_bucket"])


def test_segments_that_no_frame_shows_are_told(ffpms: Command, own: Path, tmp_path: Path) -> None:
    table, clips = tmp_path / "t.csv", own / "clips"
    rows = f"{clips}/006.mp4,0,test,\n{clips}/007.mp4,1,test,0-0.2;900-901\n{clips}/008.mp4,1,test,0.001-0.002\n"
    table.write_text(f"path,label,split,segments\n{rows}")
    late, between = ffpms("build", "--table", table, "--out", tmp_path / "data", *SMALL).stderr.splitlines()
    assert late.startswith(f"{clips}/007.mp4 (line 3): its segments 900-901 begin after its last frame at ")
    assert late.endswith(" s; correct them in the table")
    what = "none of the 20 sampled frames lies in its fake segments"
    assert between == f"{clips}/008.mp4 (line 4): {what}; ask for more --frames, or correct the table"
    (finding,) = json.loads(ffpms("verify", "--table", table, "--workers", 1, "--json").output)["findings"]
    assert finding["what"].startswith("its segments 900-901 begin after its last frame at ")
    assert (finding["kind"], finding["todo"]) == ("length", "correct them in the table")


@pytest.mark.parametrize(("end", "wrong"), [("55", True), ("1.7", False)])
def test_a_segment_that_ends_long_after_its_video_is_a_wrong_number(
    ffpms: Command, own: Path, tmp_path: Path, end: str, wrong: bool
) -> None:
    table, clips = tmp_path / "t.csv", own / "clips"
    table.write_text(f"path,label,split,segments\n{clips}/006.mp4,0,test,\n{clips}/007.mp4,1,test,0.2-{end}\n")
    said = ffpms("build", "--table", table, "--out", tmp_path / "data", *SMALL).stderr
    assert (f"(line 3): its segments 0.2-{end} end long after its last frame at " in said) == wrong


def test_a_placement_beside_segments_of_a_table_is_told(ffpms: Command, own: Path, tmp_path: Path) -> None:
    table, clips = tmp_path / "t.csv", own / "clips"
    table.write_text(f"path,label,split,segments\n{clips}/006.mp4,0,test,\n{clips}/007.mp4,1,test,0-0.2\n")
    more = ("--placement", "segments", "--segments", 2)
    result = ffpms("build", "--table", table, "--out", tmp_path / "data", *more, *SMALL)
    said = "--placement segments, --segments 2-2: without effect, for no fake of this set is mixed; leave it out\n"
    assert (result.exit_code, result.stderr) == (0, said)
    card = (tmp_path / "data" / "README.md").read_text()
    assert "- the fakes' own segments: only there are frames fake in bags that were taken as they are (1)" in card
    assert "| segments | test |\n| --- | --- |\n| 1 | 1 |\n" in card
    assert "- which:" not in card


def test_a_celeb_df_fake_that_lacks_frames_in_mid_video_is_misaligned(
    ffpms: Command, tree: Path, tmp_path: Path
) -> None:
    root, out = other_trees.celeb_df(tree, tmp_path / "tree"), tmp_path / "data"
    path = root / "Celeb-synthesis/id6_id7_0000.mp4"
    films = frames_of(path)
    encode(path, films[:10] + films[13:])
    result = ffpms("build", "--root", root, "--out", out, "--split", "test", *SMALL)
    (line,) = [line for line in result.stderr.splitlines() if "id6_id7" in line]
    assert line.startswith("Celeb-synthesis/id6_id7_0000.mp4: runs +3 frames off original_id6_0000")
    assert {bag for bag, status in status_of(out).items() if status == "misaligned"} == {"CDF_id6_id7_0000"}


def test_a_table_s_own_faults_end_a_build(ffpms: Command, own: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"path,label,split\n{own}/clips/006.mp4,0,test\n{own}/clips/9.mp4,1,test\n")
    result = ffpms("build", "--table", table, "--out", tmp_path / "data", *SMALL)
    said = f"Error: {table}: line 3: {own}/clips/9.mp4 is not there; correct its path, or remove the row\n"
    assert (result.exit_code, result.output) == (2, said)
    found = ffpms("verify", "--table", table, "--workers", 1, "--json")
    (finding,) = json.loads(found.output)["findings"]
    assert (finding["path"], finding["kind"]) == (f"{own}/clips/9.mp4", "missing")
    assert (finding["what"], finding["todo"]) == ("not found (line 3)", "correct its path in the table")


def test_a_set_is_verified_with_its_table(ffpms: Command, own: Path) -> None:
    result = ffpms("verify", own / "data", "--table", own / "videos.csv", "--workers", 1)
    assert result.exit_code == 0, result.output


def test_copies_of_a_table_are_told(ffpms: Command, tmp_path: Path) -> None:
    make_video(tmp_path, n_frames=20)
    shutil.copy(tmp_path / "made.mp4", tmp_path / "b.mp4")
    table = tmp_path / "t.csv"
    table.write_text("path,label,split\nmade.mp4,0,test\n./b.mp4,1,test\n")
    result = ffpms("build", "--table", table, "--out", tmp_path / "data", *SMALL)
    assert result.exit_code == 2
    said = "line 3: ./b.mp4 has the same bytes as made.mp4 in line 2; remove one"
    assert result.stderr == f"Error: {table}: {said}\n"
    (finding,) = json.loads(ffpms("verify", "--table", table, "--workers", 1, "--json").output)["findings"]
    assert (finding["what"], finding["todo"]) == ("the same bytes as made.mp4 in line 2 (line 3)", "remove one row")


def test_of_a_table_without_faces_no_bag_is_built_and_that_is_told(ffpms: Command, tmp_path: Path) -> None:
    for folder, n_frames in ((tmp_path / "a", 20), (tmp_path / "b", 21)):
        folder.mkdir()
        make_video(folder, n_frames=n_frames)
    table = tmp_path / "t.csv"
    table.write_text("path,label,split\na/made.mp4,0,test\nb/made.mp4,1,test\n")
    result = ffpms("build", "--table", table, "--out", tmp_path / "data", *SMALL)
    assert result.exit_code == 2
    what = "not one bag could be built (2 no_face)"
    said = f"{what}; give videos with larger faces, or another --finder"
    assert result.stderr == f"Error: {tmp_path / 'data'}: {said}\n"


CHANGED_ROWS = {
    "is no longer in": lambda rows: rows[rows["path"] != rows["path"].iloc[-1]],
    "has another label or manipulation in": lambda rows: rows.assign(
        manipulation=[*rows["manipulation"][:-1], "other"]
    ),
    "other rows or fake segments than when": lambda rows: rows.assign(
        segments=rows["segments"].replace("0-0.4", "0-0.3")
    ),
}


@pytest.mark.parametrize("said", CHANGED_ROWS)
def test_rows_of_a_table_that_changed_after_the_build_are_found(
    ffpms: Command, own: Path, tmp_path: Path, said: str
) -> None:
    rows = pd.read_csv(own / "videos.csv", dtype=str, keep_default_na=False)
    table = tmp_path / "videos.csv"
    changed = CHANGED_ROWS[said](rows)
    assert not changed.equals(rows)
    changed.to_csv(table, index=False)
    flags = ("verify", own / "data", "--table", table, "--root", own, "--workers", 1)
    (finding,) = json.loads(ffpms(*flags, "--json").stdout)["findings"]
    assert finding["what"].startswith(said)
    assert finding["todo"] == "put the old row back, or build anew into another folder"
    rows.to_csv(table, index=False)
    assert ffpms(*flags).exit_code == 0


def test_videos_that_differ_in_their_ending_alone_are_two(ffpms: Command, own: Path, tmp_path: Path) -> None:
    for number, name in (("006", "anna.mp4"), ("007", "anna.mov"), ("008", "anna.MP4")):
        (tmp_path / "clips").mkdir(exist_ok=True)
        shutil.copy(own / "clips" / f"{number}.mp4", tmp_path / "clips" / name)
    table = tmp_path / "t.csv"
    table.write_text("path,label,split\nclips/anna.mov,0,test\nclips/anna.mp4,1,test\nclips/anna.MP4,1,test\n")
    assert ffpms("build", "--table", table, "--out", tmp_path / "data", *SMALL).exit_code == 0
    assert set(status_of(tmp_path / "data").values()) == {"ok"}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "nothing to build from; give --ff-root DIR, --root DIR or --table FILE"),
        (
            ("--root", "."),
            "no known tree; give --corpus with one of ffpp, celeb-df, dfd, dfdc, dfdc-preview, minicorpus, or --table",
        ),
        (("--root", ".", "--corpus", "kodf"), "corpus: 'kodf' is unknown; choose ffpp or celeb-df"),
        (("--ff-root", ".", "--root", "."), "--ff-root: is --corpus ffpp --root; give one of the two"),
        (("--corpus", "table"), "corpus: table needs --table FILE"),
        (("--corpus", "dfd", "--table", "a.csv"), "corpus: dfd takes no --table FILE"),
        (("--root", ".", "--corpus", "celeb-df", "--compression", "c23"), "compression: Celeb-DF has no levels"),
        (("--root", ".", "--corpus", "dfdc", "--splits", "."), "train.json: not found"),
        (("--root", ".", "--corpus", "celeb-df"), "no Celeb-DF tree (Celeb-real/ and Celeb-synthesis/ are not in it)"),
    ],
)
def test_what_cannot_be_built_is_one_line(
    ffpms: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], said: str
) -> None:
    bare = tmp_path / "a" / "b"  # so that no folder of another test is near
    bare.mkdir(parents=True)
    monkeypatch.chdir(bare)
    result = ffpms("build", *flags)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1
