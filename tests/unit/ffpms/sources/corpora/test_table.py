"""A table of one's own videos: rows become a listing, and what is wrong is told with its line; no pixels."""

import os
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from ffpms.errors import FfpmsError
from ffpms.protocol.recipe import Recipe
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpora.minicorpus import CORPUS as MINICORPUS
from ffpms.sources.corpora.table import CORPUS
from ffpms.sources.listing import Listing, Request
from ffpms.sources.names import name_of_path
from ffpms.sources.source_index import list_videos
from ffpms.sources.table_files import check_listed_files


def listed(table: Path, root: Path | None = None, recipe: Recipe | None = None) -> Listing:
    return list_videos(CORPUS, Request(root or table.parent, recipe or Recipe(), table=table))


def check_files(table: Path) -> None:
    listing = listed(table)
    check_listed_files(listing, listing.sources(listing.paths))


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "videos.csv").write_bytes(text.encode(encoding))
    return folder / "videos.csv"


def test_rows_become_videos(tmp_path: Path) -> None:
    text = "path,label,original,manipulation,segments\na.mp4,0\nb.mp4,1,a.mp4,Face Swap\nc.mkv,fake,,,1.5-3;7-9.25\n"
    listing = listed(write(tmp_path, text))
    real, mixed, alone = listing.videos
    assert (real.name, real.target_id, real.pair_id) == ("original_a", "a", "a")
    assert (mixed.name, mixed.target_id, mixed.pair_id) == ("Face-Swap_b", "a", "a")
    assert alone.is_alone
    assert alone.segments == ((1.5, 3.0), (7.0, 9.25))
    assert listing.paths[alone.name] == "c.mkv"
    assert (listing.recipe.manipulations, listing.recipe.compression) == (("Face-Swap", "fake"), "as published")
    assert listing.table == "videos"


def test_a_segmented_video_is_never_mixed(tmp_path: Path) -> None:
    listing = listed(write(tmp_path, "path,label,original,segments\na.mp4,0,,\nb.mp4,1,a.mp4,0-1\n"))
    assert listing.videos[1].is_alone
    assert listing.videos[1].pair_id == listing.videos[0].pair_id == "a"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("path;label\na b.mp4;real\né.mp4;1\n", "utf-8"),
        ("path,label\r\na b.mp4,real\r\n\r\n\r\né.mp4,1\r\n", "utf-8-sig"),
        ('\n\nPath\tLabel\n"a b.mp4"\t0\né.mp4\tFAKE\n', "utf-8"),
    ],
)
def test_tables_as_programs_write_them(tmp_path: Path, text: str, encoding: str) -> None:
    listing = listed(write(tmp_path, text, encoding))
    assert sorted(listing.paths.values()) == ["a b.mp4", "é.mp4"]
    assert [video.is_alone for video in listing.videos] == [False, True]


def test_parquet_has_the_same_videos(tmp_path: Path) -> None:
    rows = pd.DataFrame({"path": ["a.mp4", "b.mp4"], "label": [0, 1], "original": [None, "a.mp4"]})
    rows.to_parquet(tmp_path / "videos.parquet")
    text = "path,label,original\na.mp4,0,\nb.mp4,1,a.mp4\n"
    assert listed(tmp_path / "videos.parquet").sha256 == listed(write(tmp_path, text)).sha256
    rows.assign(label=[0, 7]).to_parquet(tmp_path / "videos.parquet")
    with pytest.raises(FfpmsError, match=r"videos.parquet: row 2: label '7' is neither 0 nor 1"):
        listed(tmp_path / "videos.parquet")


def test_people_stay_in_one_split_and_the_shares_are_70_15_15(tmp_path: Path) -> None:
    rows = [f"{kind}{i}-{p}.mp4,{int(kind == 'f')},p{p}" for p in range(20) for i in range(3) for kind in "rf"]
    listing = listed(write(tmp_path, "path,label,person\n" + "\n".join(rows) + "\n"))
    by_person = {video.pair_id: video.split for video in listing.videos}
    assert Counter(by_person.values()) == {"train": 14, "val": 3, "test": 3}
    assert all(by_person[video.pair_id] == video.split for video in listing.videos)
    other = list_videos(CORPUS, Request(tmp_path, Recipe(seed=1), table=tmp_path / "videos.csv"))
    assert {v.name: v.split for v in other.videos} != {v.name: v.split for v in listing.videos}


def test_an_original_and_its_fakes_are_a_group_whoever_is_named(tmp_path: Path) -> None:
    text = "path,label,original,person\na.mp4,0,,anna\nb.mp4,1,a.mp4,ben\nc.mp4,0,,ben\nd.mp4,0,,\n"
    pairs = [video.pair_id for video in listed(write(tmp_path, text)).videos]
    assert pairs == ["a", "a", "a", "d"]


def test_no_name_of_a_person_is_in_a_set(tmp_path: Path) -> None:
    text = "path,label,original,person,split\nb.mp4,0,,{0},test\na.mp4,0,,{0},test\nc.mp4,1,b.mp4,{1},test\n"
    own = listed(write(tmp_path, text.format("anna", "ben")))
    assert [video.pair_id for video in own.videos] == ["a", "a", "a"]
    assert "anna" not in f"{own.videos} {own.paths}"
    assert listed(write(tmp_path, text.format("x", "y"))).sha256 == own.sha256


def test_names_do_not_change_when_rows_are_added(tmp_path: Path) -> None:
    few = listed(write(tmp_path, "path,label\nx/a.mp4,0\ny/a.mp4,1\n"))
    more = listed(write(tmp_path, "path,label\nA.mp4,0\nx/a.mp4,0\nx-a.mp4,1\ny/a.mp4,1\na.mp4,1\na.avi,1\n"))
    assert {video.name for video in few.videos} < {video.name for video in more.videos}
    assert len({video.name.lower() for video in more.videos}) == 6
    assert name_of_path("x/a.mp4") != name_of_path("x-a.mp4") == "x-a"
    assert name_of_path("con.mp4") != "con"


def test_videos_may_lie_anywhere(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    table = write(tmp_path / "lists", f"path,label\n../clips/a.mp4,0\n{tmp_path.as_posix()}/other/b.mp4,1\nc.mp4,1\n")
    listing = listed(table)
    assert listing.root == tmp_path
    assert sorted(listing.paths.values()) == ["clips/a.mp4", "lists/c.mp4", "other/b.mp4"]
    (tmp_path / "clips").mkdir()
    assert (
        listed(write(tmp_path, "path,label\nclips\\a.mp4,0\n~/b.mp4,1\n")).videos[0].name.startswith("original_clips")
    )


@pytest.mark.parametrize("there", [True, False])
def test_the_row_of_an_original_may_have_a_wrong_path(tmp_path: Path, there: bool) -> None:
    """A real video whose file is there has its own path, however alike."""
    table = write(tmp_path, "path,label,original\ndoraa.mp4,0,\nzoe.mp4,0,\nb.mp4,1,dora.mp4\n")
    if there:
        (tmp_path / "doraa.mp4").touch()
    with pytest.raises(FfpmsError) as caught:
        listed(table)
    advice = "" if there else ", or correct line 2, for there is no doraa.mp4"
    assert str(caught.value) == f"{table}: line 4: original dora.mp4 is not in the table; add its row{advice}"


WRONG = {
    "line 2: has no path": "path,label\n,0\n",
    "line 3: label 'maybe' is neither": "path,label\na.mp4,0\nb.mp4,maybe\n",
    "line 4: ./a.mp4 stands in line 2 too": "path,label\na.mp4,0\n\n./a.mp4,1\n",
    "line 2: original x.mp4 is not in the table": "path,label,original\na.mp4,1,x.mp4\n",
    "line 3: original a.mp4 is fake too": "path,label,original\na.mp4,1,\nb.mp4,1,a.mp4\n",
    "line 2: is real and names an original": "path,label,original\na.mp4,0,b.mp4\nb.mp4,0,\n",
    "line 2: is real and has fake segments": "path,label,segments\na.mp4,0,1-2\n",
    "line 2: segments '3-1' are no seconds": "path,label,segments\na.mp4,1,3-1\n",
    "line 2: split 'dev' is none of": "path,label,split\na.mp4,0,dev\n",
    "line 3: has no split, but other rows have": "path,label,split\na.mp4,0,test\nb.mp4,1,\n",
    "line 3: person a is in val, and in test in line 2": "path,label,person,split\na.mp4,0,a,test\nb.mp4,1,a,val\n",
    "line 3: it is in val, and line 2, its original, is in test; give one split": (
        "path,label,original,split\na.mp4,0,,test\nb.mp4,1,a.mp4,val\n"
    ),
    "line 3: it is in val, and line 2, a fake of it, is in test": (
        "path,label,original,split\nb.mp4,1,a.mp4,test\na.mp4,0,,val\n"
    ),
    "line 3: it is in val, and line 2, linked to it by people or originals, is in test": (
        "path,label,original,person,split\na.mp4,0,,A,test\nb.mp4,0,,B,val\nc.mp4,1,b.mp4,A,val\n"
    ),
    "line 2: manipulation 'original' is no name": "path,label,manipulation\na.mp4,1,original\n",
    "column persn is unknown; it may have path, label": "path,label,persn\na.mp4,0,x\n",
    "column label is missing": "path\na.mp4\n",
    "column label stands twice": "path,label,label\na.mp4,0,0\n",
    "line 2: has 3 cells, not 2": "path,label\na,b.mp4,0\n",
    "is empty": "\n\n",
    "lists no video; write a row": "path,label\n",
    "no video in it is fake; label those": "path,label\na.mp4,0\n",
    "line 3: is no CSV (a quote is opened and not closed)": 'path,label\na.mp4,0\n"b.mp4,1\nc.mp4,1\n',
    "line 2: is no CSV (',' expected after": 'path,label\n"a".mp4,0\n',
    "line 4: clips/../a.mp4 stands in line 3 too": "path,label\n,\na.mp4,0\nclips/../a.mp4,1\n",
    "line 2: path https://e.org/a.mp4 is an address, and none is opened": "path,label\nhttps://e.org/a.mp4,0\n",
    "line 2: is real and names a manipulation 'swap'": "path,label,manipulation\na.mp4,0,swap\n",
    "line 3: manipulation 'b_c' would be b-c, as 'B c' in line 2": "path,label,manipulation\na,1,B c\nb,1,b_c\n",
    "line 2: manipulation '換' is no name; give letters a to z": "path,label,manipulation\na.mp4,1,換\n",
    "line 2: original ~/o.mp4 is not in the table": "path,label,original\na.mp4,1,~/o.mp4\n",
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("folder", ["take:1", "take\\1"])
def test_no_folder_below_the_common_one_may_have_a_colon_or_a_backslash(tmp_path: Path, folder: str) -> None:
    """Verifying would distrust the set; what the folders above are called is in no set."""
    (tmp_path / folder / "in").mkdir(parents=True)
    (tmp_path / folder / "in" / "b.mp4").touch()
    inside = write(tmp_path / folder, "path,label\na.mp4,0\nin/b.mp4,1\n")
    assert sorted(listed(inside).paths.values()) == ["a.mp4", "in/b.mp4"]
    above = write(tmp_path, f"path,label\na.mp4,0\n{folder}/in/b.mp4,1\n")
    with pytest.raises(FfpmsError) as error:
        listed(above)
    what = f"line 3: {folder}/in/b.mp4 has a colon or backslash in the name {folder}"
    assert str(error.value) == f"{above}: {what}; rename that, or correct the path"


@pytest.mark.parametrize(
    ("column", "odd", "said"),
    [
        ("path", "b\0.mp4", r"path 'b\x00.mp4' has a null byte, as no file's has; correct it"),
        ("original", "b\0.mp4", r"original 'b\x00.mp4' has a null byte, as no file's has; correct it"),
        ("path", "x" * 300 + "\\b.mp4", "x\\b.mp4 cannot be read (File name too long); give a shorter path"),
    ],
)
def test_a_path_that_no_file_can_have_is_a_wrong_row(tmp_path: Path, column: str, odd: str, said: str) -> None:
    rows = pd.DataFrame({"path": ["a.mp4", "b.mp4"], "label": [0, 1], "original": ["", ""]})
    rows.loc[1, column] = odd
    rows.to_parquet(tmp_path / "videos.parquet")
    (tmp_path / "a.mp4").write_bytes(b"a")
    with pytest.raises(FfpmsError) as error:
        check_files(tmp_path / "videos.parquet")
    assert str(error.value).startswith(f"{tmp_path / 'videos.parquet'}: row 2: ")
    assert str(error.value).endswith(said)


def test_a_real_video_of_too_long_a_name_is_not_the_original_of_another(tmp_path: Path) -> None:
    table = write(tmp_path, f"path,label,original\n{'x' * 300}.mp4,0,\nb.mp4,1,o.mp4\n")
    with pytest.raises(FfpmsError, match=r"line 3: original o.mp4 is not in the table; add its row$"):
        listed(table)


@pytest.mark.parametrize(("said", "text"), WRONG.items(), ids=WRONG)
def test_wrong_rows_are_told_with_their_line(tmp_path: Path, said: str, text: str) -> None:
    with pytest.raises(FfpmsError) as error:
        listed(write(tmp_path, text))
    assert str(error.value).startswith(f"{tmp_path / 'videos.csv'}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_row_is_no_fault_of_those_that_name_it(tmp_path: Path) -> None:
    with pytest.raises(FfpmsError, match=r"videos.csv: line 2: label 'x' is neither 0 nor 1, real nor fake$"):
        listed(write(tmp_path, "path,label,original\na.mp4,x,\nb.mp4,1,a.mp4\n"))


def test_what_programs_add_does_no_harm(tmp_path: Path) -> None:
    text = "path,label,manipulation,,\na.mp4,0.0,Original,,\n,,,,\nb.mp4,1.0,swap,,\n"
    assert [video.name for video in listed(write(tmp_path, text)).videos] == ["original_a", "swap_b"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("path,label\na.mp4,0\n".encode("utf-16"), "is not in UTF-8"),
        ("path,label\na.mp4,0\n".encode("utf-16-le"), "is not in UTF-8"),
        (b"PK\x03\x04...", "is a spreadsheet or an archive; save it as CSV"),
    ],
)
def test_what_is_no_text_says_so(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "videos.csv").write_bytes(data)
    with pytest.raises(FfpmsError, match=said):
        listed(tmp_path / "videos.csv")


def test_a_folder_and_nobodys_home_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FfpmsError, match="is a folder, no file; give the table itself"):
        listed(tmp_path, tmp_path)
    with pytest.raises(FfpmsError, match=r"~nobody-of-that-name/t.csv: cannot be read"):
        listed(Path("~nobody-of-that-name/t.csv"))
    listing = listed(write(tmp_path, "path,label\n~nobody-of-that-name/a.mp4,1\n"))
    assert [own.path for own in listing.written.values()] == ["~nobody-of-that-name/a.mp4"]


def test_what_a_table_calls_a_video_is_known_by_its_path(tmp_path: Path) -> None:
    listing = listed(write(tmp_path, "path,label\n../a.mp4,0\n\n~/b.mp4,1\n"))
    written = [listing.written[listing.paths[video.name]] for video in listing.videos]
    assert written == [("line 2", "../a.mp4"), ("line 4", "~/b.mp4")]


def test_few_people_and_renamed_manipulations_are_noted(tmp_path: Path) -> None:
    table = write(tmp_path, "path,label,manipulation\na.mp4,0,\nb.mp4,1,Face Swap\n")
    renamed, few = listed(table).notes
    assert renamed == f"{table}: called in the set: Face-Swap for 'Face Swap'"
    assert few.startswith(f"{table}: as drawn, val has no video, test has no video (2 people or originals are few")
    rows = "".join(f"r{i}.mp4,0,p{i}\nf{i}.mp4,1,p{i}\n" for i in range(3))
    assert listed(write(tmp_path, f"path,label,person\n{rows}")).notes == ()
    split = write(tmp_path, "path,label,split\na.mp4,0,test\nb.mp4,1,test\n")
    assert listed(split).notes == ()
    (lacking,) = listed(write(tmp_path, "path,label,split\na.mp4,1,test\n")).notes
    assert lacking == f"{table}: test has no real video; list some, for a detector learns and is scored on both"


def test_all_manipulations_are_built_if_none_are_named(tmp_path: Path) -> None:
    """Also where those of FaceForensics++ are among them; who names these gets them alone."""
    kinds = ["DF", "F2F", "FS", "NT", "Sim Swap", "Sim Swap", ""]
    rows = "".join(f"f{i}.mp4,1,{kind},test\n" for i, kind in enumerate(kinds))
    table = write(tmp_path, f"path,label,manipulation,split\nr.mp4,0,,test\n{rows}")
    all_of_it = listed(table)
    assert all_of_it.recipe.manipulations == ("DF", "F2F", "FS", "NT", "Sim-Swap", "fake")
    assert all_of_it.notes == (f"{table}: called in the set: Sim-Swap for 'Sim Swap'",)
    named = listed(table, recipe=Recipe(manipulations=("DF", "F2F", "FS", "NT")))
    assert named.recipe.manipulations == ("DF", "F2F", "FS", "NT")
    left_out = "fakes are left out, for their manipulations are not named: 2 Sim-Swap, 1 fake"
    assert named.notes == (f"{table}: {left_out}",)
    assert named.sha256 == all_of_it.sha256


def test_a_person_is_the_same_in_upper_and_lower_case(tmp_path: Path) -> None:
    videos = listed(write(tmp_path, "path,label,person\na.mp4,0,Anna\nb.mp4,1,anna\n")).videos
    assert len({video.pair_id for video in videos}) == 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "line 3: b.mp4 is not there; correct its path, or remove the row"),
        ("folder", "line 3: b.mp4 is a folder; write the path of the video itself"),
        ("link", "line 3: b.mp4 is the same file as a.mp4 in line 2; remove one"),
        ("copy", "line 3: b.mp4 has the same bytes as a.mp4 in line 2; remove one"),
    ],
)
def test_each_row_needs_a_file_of_its_own(tmp_path: Path, kind: str, said: str) -> None:
    listing = listed(write(tmp_path, "path,label\na.mp4,0\nb.mp4,1\n"))
    (tmp_path / "a.mp4").write_bytes(b"a")
    if kind == "folder":
        (tmp_path / "b.mp4").mkdir()
    elif kind == "link":
        (tmp_path / "b.mp4").hardlink_to(tmp_path / "a.mp4")
    elif kind == "copy":
        (tmp_path / "b.mp4").write_bytes(b"a")
    with pytest.raises(FfpmsError) as error:
        check_listed_files(listing, listing.sources(listing.paths))
    assert str(error.value) == f"{tmp_path / 'videos.csv'}: {said}"
    check_listed_files(listing, listing.sources([listing.videos[0].name]))


@pytest.mark.parametrize("other", [b"", b"0" * 9000 + b"1" + b"0" * 9000, b"1" + b"0" * 18000])
def test_files_of_one_size_are_copies_only_if_all_their_bytes_are_alike(tmp_path: Path, other: bytes) -> None:
    listing = listed(write(tmp_path, "path,label\na.mp4,0\nb.mp4,1\n"))
    (tmp_path / "a.mp4").write_bytes(b"0" * 18001 if other else b"")
    (tmp_path / "b.mp4").write_bytes(other)
    check_listed_files(listing, listing.sources(listing.paths))


def test_advice_on_videos_that_nobody_published_is_not_to_download_them() -> None:
    assert CORPUS.advise("cut short; download it again") == "cut short; get it again"
    assert CORPUS.advise("not found; download it") == "not found; correct its path in the table"
    assert FFPP.advise("cut short; download it again") == "cut short; download it again"
    assert MINICORPUS.advise("cut short; download it again").startswith("cut short; delete it, then run the same")
    assert MINICORPUS.advise("not found; download them").startswith("not found; run the same 'ffpms minicorpus'")


def test_all_wrong_rows_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FfpmsError, match=r"line 2: .*; line 3: .*; line 4: .*; and 2 more$"):
        listed(write(tmp_path, "path,label\n" + "a.mp4,x\n" * 5))


def test_another_encoding_and_no_file_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FfpmsError, match="is not in UTF-8; save it as UTF-8"):
        listed(write(tmp_path, "path,label\né.mp4,0\n", "latin-1"))
    with pytest.raises(FfpmsError, match=r"none.csv: cannot be read .*check the path"):
        listed(tmp_path / "none.csv")
