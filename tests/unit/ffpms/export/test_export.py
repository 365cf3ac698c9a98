"""What holds for every format: what is chosen, resumed, refused, and said of pixels."""

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from ffpms.dataset.loading import load
from ffpms.errors import ConfigError, ManifestError
from ffpms.export import format as export_format
from ffpms.export.export import FORMATS, export
from ffpms.export.selection import select
from ffpms.hashing import digest
from tests.conftest import Command
from tests.helpers.building import content
from tests.helpers.pages import ROOT
from tests.helpers.tiny_set import BAG, STORED, edit, lose_faces, make_set, put

PIXELS = [name for name, form in FORMATS.items() if form.has_pixels]
IN_FILES = [name for name, form in FORMATS.items() if form.has_pixels or name in ("croissant", "recipe")]


def of_a_table(data: Path) -> None:
    """Makes a set pass for one of somebody's own videos."""
    about = json.loads((data / "build.json").read_text())
    about["config"] |= {"corpus": "table", "table": "clips"}
    (data / "build.json").write_text(json.dumps(about))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_is_whole_and_done_once(whole: Path, tmp_path: Path, name: str) -> None:
    first = export(whole, name, tmp_path / "out", workers=2)
    assert (first.bags, first.faceless, first.left_out) == (18, 0, {})
    assert json.loads((tmp_path / "out" / "export.json").read_text())["complete"]
    before = content(tmp_path / "out")
    again = export(whole, name, tmp_path / "out", workers=1)
    assert (again.written, content(tmp_path / "out")) == (0, before)
    assert not [path for path in files(tmp_path / "out") if "partial" in path or "lock" in path]


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_set_gives_the_same_bytes(whole: Path, tmp_path: Path, name: str) -> None:
    export(whole, name, tmp_path / "a" / "out", workers=1)
    export(whole, name, tmp_path / "b" / "out", workers=3)
    assert content(tmp_path / "a" / "out") == content(tmp_path / "b" / "out")


@pytest.mark.parametrize("name", PIXELS)
def test_a_killed_export_goes_on(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    out = tmp_path / "a" / "out"
    seen: list[bytes] = []

    def stop_at_six(crop: bytes) -> str:
        seen.append(crop)
        if len(seen) > 5:
            raise KeyboardInterrupt
        return digest(crop)

    with monkeypatch.context() as patch:
        patch.setattr("ffpms.dataset.crops.digest", stop_at_six)
        with pytest.raises(KeyboardInterrupt):
            export(whole, name, out, workers=1)
    assert not json.loads((out / "export.json").read_text())["complete"]
    (out / "of-a-killed-one.1-ab.partial").write_bytes(b"half")
    export(whole, name, out, workers=1)
    export(whole, name, tmp_path / "b" / "out", workers=1)
    assert content(out) == content(tmp_path / "b" / "out")


def test_a_lost_file_is_written_again(whole: Path, tmp_path: Path) -> None:
    export(whole, "frames", tmp_path / "out")
    (lost,) = (tmp_path / "out").glob(f"test/*/{BAG}/000.png")
    lost.unlink()
    assert export(whole, "frames", tmp_path / "out").written == 1
    assert lost.is_file()


def test_another_export_is_not_overwritten(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(whole, "frames", tmp_path / "out", splits=["val"])
    before = content(tmp_path / "out")
    for changed in ({"splits": ["test"]}, {"splits": ["val"], "size": 32}):
        with pytest.raises(ConfigError, match="holds another export"):
            export(whole, "frames", tmp_path / "out", **changed)
    with pytest.raises(ConfigError, match="format 'frames', not 'video'"):
        export(whole, "video", tmp_path / "out", splits=["val"])
    assert content(tmp_path / "out") == before


def test_a_folder_of_something_else_is_refused(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="holds something else"):
        export(whole, "frames", tmp_path / "mine")
    (tmp_path / "mine" / "export.json").write_text("[]")
    with pytest.raises(ConfigError, match="not written by 'ffpms export'"):
        export(whole, "frames", tmp_path / "mine")
    with pytest.raises(ConfigError, match="lies in the built set"):
        export(whole, "frames", whole / "out")
    assert files(tmp_path / "mine") == {"thesis.tex", "export.json"}


def test_two_exports_do_not_share_a_folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []

    def other(items: object, _: int) -> object:
        with pytest.raises(ConfigError, match=r"out: process \d+ on .+ exports into it; wait for it"):
            export(whole, "recipe", tmp_path / "out")
        refused.append(1)
        return items

    (tmp_path / "out").mkdir()
    for name in (".lock", ".lock.owner", ".lock.owner.47-0a1b2c3d.partial"):  # of a killed one
        (tmp_path / "out" / name).touch()
    export(whole, "recipe", tmp_path / "out", progress=other)
    assert refused
    assert not list((tmp_path / "out").glob(".*"))


def test_what_is_chosen(whole: Path) -> None:
    data = load(whole)
    chosen = select(data, ["test"], ["DF"])
    assert {(bag.split, bag.video["manipulation"]) for bag in chosen.bags} == {("test", "DF"), ("test", "original")}
    assert len(select(data).bags) == 18
    for flags, said in (((["no"], None), "split: no is not in"), ((None, ["NT"]), "choose from original,DF,F2F")):
        with pytest.raises(ConfigError, match=said):
            select(data, *flags)


def test_a_bag_that_was_not_built_is_left_out_and_counted(data: Path, tmp_path: Path) -> None:
    edit(data, "videos", put({"status": "missing", "error": "not there"}, bag_id=BAG))
    edit(data, "frames", put({"status": "missing", "crop": "", "sha256": ""}, bag_id=BAG))
    report = export(data, "webdataset", tmp_path / "out", splits=["test"])
    assert (report.bags, report.left_out) == (5, {"missing": 1})
    assert "1 bag with the status missing is left out." in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("name", ["croissant", "recipe"])
def test_a_bag_that_was_not_built_is_in_what_has_all_rows(data: Path, tmp_path: Path, name: str) -> None:
    edit(data, "videos", put({"status": "too_short"}, bag_id=BAG))
    edit(data, "frames", put({"status": "too_short", "crop": "", "sha256": ""}, bag_id=BAG))
    report = export(data, name, tmp_path / "out")
    assert (report.bags, report.left_out, report.unbuilt) == (18, {}, {"too_short": 1})
    assert BAG in set(pd.read_parquet(tmp_path / "out" / "videos.parquet")["bag_id"])
    text = (tmp_path / "out" / "README.md").read_text()
    assert "1 bag with the status too_short is in it without a face.\nEvery slot of the other bags has a face." in text
    assert "| test | DF | 2 | 4 |" in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_readme_says_how_a_slot_without_a_face_is_written(data: Path, tmp_path: Path, name: str) -> None:
    edit(data, "frames", put({"status": "no_face", "crop": "", "sha256": "", "track_id": -1}, bag_id=BAG, slot=1))
    export(data, name, tmp_path / "out", splits=["test"])
    text = (tmp_path / "out" / "README.md").read_text()
    assert f"1 slot has no face. {FORMATS[name].without_face}" in text
    assert "above" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_a_set_without_faces_is_exported_where_nobody_looks_for_them(tmp_path: Path, name: str) -> None:
    bare = make_set(tmp_path / "data", faces=False)
    if name in PIXELS:
        with pytest.raises(ConfigError, match=f"no bag that is asked for has a face, so {name} would be empty"):
            export(bare, name, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        return
    report = export(bare, name, tmp_path / "out")
    assert (report.bags, report.faces, report.faceless) == (18, 0, 18)
    assert "have no face, and 18 bags none at all" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("name", ["huggingface", "frames", "video"])
def test_no_table_has_a_group_without_rows(data: Path, tmp_path: Path, name: str) -> None:
    """`datasets` opens no such Parquet file, nor the others beside it."""
    export(lose_faces(data, "test"), name, tmp_path / "out")
    tables = [pq.ParquetFile(path).metadata for path in (tmp_path / "out").rglob("*.parquet")]
    assert {table.row_group(i).num_rows > 0 for table in tables for i in range(table.num_row_groups)} == {True}
    assert all(table.num_row_groups for table in tables)


@pytest.mark.parametrize("name", PIXELS)
def test_a_changed_crop_ends_it(data: Path, tmp_path: Path, name: str) -> None:
    (data / STORED).write_bytes(b"another picture")
    with pytest.raises(ManifestError, match="not the crop that was built"):
        export(data, name, tmp_path / "out", splits=["test"])


@pytest.mark.parametrize("name", FORMATS)
def test_the_readme_says_what_may_be_passed_on(whole: Path, tmp_path: Path, name: str) -> None:
    report = export(whole, name, tmp_path / "out", splits=["test"])
    text = (tmp_path / "out" / "README.md").read_text()
    assert ("The pixels may not be passed on: FaceForensics++ may not be redistributed" in text) == (
        report.pixels or name == "croissant"
    )
    assert ("There are no pixels in it, so it may be published" in text) == (not report.pixels)


@pytest.mark.parametrize("name", FORMATS)
def test_of_a_table_the_terms_are_its_owners(data: Path, tmp_path: Path, name: str) -> None:
    of_a_table(data)
    report = export(data, name, tmp_path / "out", splits=["test"])
    text = (tmp_path / "out" / "README.md").read_text()
    assert "FaceForensics" not in text + report.terms
    for said in (text, report.terms):
        assert "each bag after the path of its video. If such a name is private, rename the file" in said
    assert ("nothing of the table's column person" in report.terms) == (not report.pixels)
    assert ("those to say who have the rights" in text) == (report.pixels or name == "croissant")


def test_tables_of_somebodys_own_videos_say_nothing_of_the_machine(data: Path, tmp_path: Path) -> None:
    edit(data, "sources", lambda rows: rows.assign(path="anna/at home.mp4", error="anna/at home.mp4: damaged"))
    export(data, "recipe", tmp_path / "public")
    assert set(pd.read_parquet(tmp_path / "public" / "sources.parquet")["path"]) == {"anna/at home.mp4"}
    of_a_table(data)
    for name, flags in (("recipe", {}), ("croissant", {"splits": ["test"]})):
        export(data, name, tmp_path / name, **flags)
        rows = pd.read_parquet(tmp_path / name / "sources.parquet")
        assert (set(rows["path"]), set(rows["error"])) == ({""}, {""})
        assert len(rows) == len(load(data).sources) if name == "recipe" else 0 < len(rows) < len(load(data).sources)


@pytest.mark.parametrize("name", FORMATS)
def test_without_pixels_there_are_none(whole: Path, tmp_path: Path, name: str) -> None:
    if name in PIXELS and not FORMATS[name].without_pixels:
        with pytest.raises(ConfigError, match=f"recipe-only: {name} is nothing without pixels; choose huggingface"):
            export(whole, name, tmp_path / "out", recipe_only=True)
        return
    report = export(whole, name, tmp_path / "out", recipe_only=True)
    found = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not report.pixels
    assert not [path for path in found if b"\x89PNG" in path.read_bytes() or path.suffix in (".png", ".mp4", ".tar")]


def test_bags_are_cut_into_files_of_about_a_size(whole: Path) -> None:
    bags = select(load(whole)).bags
    size = bags[0].n_bytes
    runs = export_format.shards(bags, 2 * size + size // 2)
    assert [bag for run in runs for bag in run] == list(bags)
    assert all(len(run) == 1 or sum(bag.n_bytes for bag in run) <= 2.5 * size for run in runs)
    assert 1 < len(runs) < len(bags)


def test_the_commands_of_the_pages_run(
    ffpms: Command, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("exports.md", "deepfakebench.md"))
    commands = [line.split()[1:] for line in re.findall(r"^ffpms export .*", pages, re.MULTILINE)]
    assert len(commands) == 3
    monkeypatch.chdir(tmp_path)
    for command in commands:
        done = ffpms(*[str(whole) if word == "ffpms-data" else word for word in command])
        assert done.exit_code == 0, done.output


def test_the_command_says_what_it_wrote(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    done = ffpms("export", whole, "--to", "frames", "--out", tmp_path / "f", "--split", "test", "--manipulations", "DF")
    assert done.output.splitlines() == [
        f"{tmp_path / 'f'}: 4 bags and 16 faces of FFPMS-custom for frames",
        "Pixels of FaceForensics++ may not be passed on; 'ffpms export DATA --recipe-only' writes what may be.",
    ]
    report = ffpms("export", make_set(tmp_path / "bare", faces=False), "--recipe-only", "--out", tmp_path / "b")
    assert report.output.splitlines()[1:] == [
        f"18 bags have no face; {tmp_path / 'b' / 'README.md'} says how that is written.",
        "There are no pixels in it, so it may be published.",
    ]
    done = ffpms("export", whole, "--recipe-only", "--out", tmp_path / "r", "--json")
    assert json.loads(done.output) == {
        **{"out": str(tmp_path / "r"), "format": "recipe", "dataset": "FFPMS-custom", "pixels": False, "bags": 18},
        **{"faces": 72, "faceless": 0, "left_out": {}, "unbuilt": {}, "written": 9},
        "terms": "There are no pixels in it, so it may be published.",
    }
    assert ffpms("export", whole, "--to", "video", "--out", tmp_path / "v", "--quiet").output == ""


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "to: no format; give --to huggingface,"),
        (["--to", "croissant", "--size", 32], "size: an export without pixels has none"),
        (["--to", "csv"], "Invalid value for '--to'"),
        (["--to", "frames", "--split", "tset"], "split: tset is not in"),
    ],
)
def test_wrong_usage_is_one_line(ffpms: Command, whole: Path, tmp_path: Path, flags: list[object], said: str) -> None:
    done = ffpms("export", whole, *flags, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "out").exists()
