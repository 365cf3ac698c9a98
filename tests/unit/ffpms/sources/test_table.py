"""A table of one's own videos: rows become a listing, and what is wrong is told with its line; no pixels."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from ffpms.errors import FfpmsError
from ffpms.protocol.recipe import Recipe
from ffpms.sources.listing import Listing, Request
from ffpms.sources.names import name_of_path
from ffpms.sources.source_index import list_videos
from ffpms.sources.table import CORPUS


def listed(table: Path, root: Path | None = None) -> Listing:
    return list_videos(CORPUS, Request(root or table.parent, Recipe(), table=table))


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
    assert len(set(pairs[:3])) == 1
    assert pairs[3] == "d"


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


WRONG = {
    "line 2: has no path": "path,label\n,0\n",
    "line 3: label 'maybe' is neither": "path,label\na.mp4,0\nb.mp4,maybe\n",
    "line 4: a.mp4 stands in line 2 too": "path,label\na.mp4,0\n\n./a.mp4,1\n",
    "line 2: original x.mp4 is not in the table": "path,label,original\na.mp4,1,x.mp4\n",
    "line 3: original a.mp4 is fake too": "path,label,original\na.mp4,1,\nb.mp4,1,a.mp4\n",
    "line 2: is real and names an original": "path,label,original\na.mp4,0,b.mp4\nb.mp4,0,\n",
    "line 2: is real and has fake segments": "path,label,segments\na.mp4,0,1-2\n",
    "line 2: segments '3-1' are no seconds": "path,label,segments\na.mp4,1,3-1\n",
    "line 2: split 'dev' is none of": "path,label,split\na.mp4,0,dev\n",
    "line 3: has no split, but other rows have": "path,label,split\na.mp4,0,test\nb.mp4,1,\n",
    "line 3: person a is in val, and in test in line 2": "path,label,person,split\na.mp4,0,a,test\nb.mp4,1,a,val\n",
    "line 3: it, or its original, is in val": "path,label,original,split\na.mp4,0,,test\nb.mp4,1,a.mp4,val\n",
    "line 2: manipulation 'original' is no name": "path,label,manipulation\na.mp4,1,original\n",
    "column persn is unknown; it may have path, label": "path,label,persn\na.mp4,0,x\n",
    "column label is missing": "path\na.mp4\n",
    "a column stands twice": "path,label,label\na.mp4,0,0\n",
    "line 2: has 3 cells, not 2": "path,label\na,b.mp4,0\n",
    "is empty": "\n\n",
    "is no CSV table": 'path,label\n"a.mp4,0\n',
}


@pytest.mark.parametrize(("said", "text"), WRONG.items(), ids=WRONG)
def test_wrong_rows_are_told_with_their_line(tmp_path: Path, said: str, text: str) -> None:
    with pytest.raises(FfpmsError) as error:
        listed(write(tmp_path, text))
    assert str(error.value).startswith(f"{tmp_path / 'videos.csv'}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_all_wrong_rows_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FfpmsError, match=r"line 2: .*; line 3: .*; line 4: .*; and 2 more rows$"):
        listed(write(tmp_path, "path,label\n" + "a.mp4,x\n" * 5))


def test_another_encoding_and_no_file_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FfpmsError, match="is not in UTF-8; save it as UTF-8"):
        listed(write(tmp_path, "path,label\né.mp4,0\n", "latin-1"))
    with pytest.raises(FfpmsError, match=r"none.csv: cannot be read .*check the path"):
        listed(tmp_path / "none.csv")
