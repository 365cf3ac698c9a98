"""build -> export -> import is a circle of other corpora too, and of a table of one's own videos."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command, Once
from tests.helpers import other_trees
from tests.helpers.building import content
from tests.helpers.recipes import readme_command

pytestmark = pytest.mark.usefixtures("warm_worker")


def own_videos(tree: Path, root: Path) -> Path:
    """A table of two people, with a mixed fake and one that stands alone."""
    videos = {"at home/anna.mp4": "006", "at home/ben.mp4": "007", "swap.mp4": "006_007", "web.mp4": "007_006"}
    other_trees.copy(tree, root, videos)
    table = root / "clips.csv"
    rows = ["at home/anna.mp4,0,,Anna Q,", "at home/ben.mp4,0,,Ben Q,"]
    rows += ["swap.mp4,1,at home/anna.mp4,Anna Q,swap", "web.mp4,1,,Ben Q,web"]
    table.write_text("path,label,original,person,manipulation,split\n" + "".join(f"{row},test\n" for row in rows))
    return table


SOURCES: dict[str, tuple[Callable[[Path, Path], Path], str, str]] = {
    "celeb-df": (other_trees.celeb_df, "--root", "--root /data/Celeb-DF"),
    "dfdc": (other_trees.dfdc, "--root", "--root /data/DFDC"),
    "table": (own_videos, "--table", "--table /data/clips.csv"),
}


@pytest.fixture(scope="module")
def circles(tree: Path, once: Once, ffpms: Command, ffmpeg_on_path: None) -> Path:
    """Of each corpus its videos, the set of its test split, and the recipe."""

    def make(folder: Path) -> None:
        for name, (copy, flag, _) in SOURCES.items():
            own = folder / name
            place = copy(tree, own / "videos")
            small = ("--size", 32, "--split", "test", "--frames", 5, "--workers", 1)
            assert ffpms("build", flag, place, "--out", own / "data", *small).exit_code == 0
            assert ffpms("export", own / "data", "--recipe-only", "--out", own / "recipe").exit_code == 0

    return once("circles", make)


def place_of(circles: Path, name: str) -> Path:
    """What is given to the command: a tree, or a table."""
    return circles / name / ("videos/clips.csv" if name == "table" else "videos")


@pytest.mark.parametrize("name", SOURCES)
def test_the_command_of_the_readme_makes_the_same_set(circles: Path, tmp_path: Path, ffpms: Command, name: str) -> None:
    recipe = circles / name / "recipe"
    assert SOURCES[name][2] in (recipe / "README.md").read_text()
    done = ffpms(*readme_command(recipe, place_of(circles, name), tmp_path / "again"))
    assert (done.exit_code, done.output.splitlines()[-1].partition("; ")[2]) == (0, "every row is as in the recipe")
    assert content(tmp_path / "again") == content(circles / name / "data")


def test_a_recipe_of_a_table_has_no_name_of_a_person_and_no_path(circles: Path) -> None:
    recipe = circles / "table" / "recipe"
    texts = [path.read_text() for path in recipe.rglob("*") if path.suffix in (".json", ".md")]
    tables = [pd.read_parquet(path).to_csv() for path in recipe.glob("*.parquet")]
    assert len(tables) == 5
    for text in (*texts, *tables):
        assert "Q" not in re.sub(r"[0-9a-f]{64}", "", text)
        assert "at home" not in text
    assert "at-home-anna" in "".join(tables), "the terms say so"


def test_people_may_have_other_names_and_paths_another_start(circles: Path, tmp_path: Path, ffpms: Command) -> None:
    table = circles / "table" / "videos" / "clips.csv"
    (tmp_path / "list.csv").write_text(table.read_text().replace("Anna Q", "1").replace("Ben Q", "2"))
    flags = ("--table", tmp_path / "list.csv", "--root", table.parent, "--out", tmp_path / "again", "--workers", 1)
    done = ffpms("import", circles / "table" / "recipe", *flags)
    assert done.exit_code == 0, done.output
    note = "The recipe's set is called table-clips-partial, this one table-list-partial."
    assert done.output.splitlines()[-2] == note


def test_a_recipe_of_some_bags_of_a_table_is_built_alone(circles: Path, tmp_path: Path, ffpms: Command) -> None:
    own = circles / "table"
    some = ("--manipulations", "web", "--recipe-only", "--out", tmp_path / "some")
    assert ffpms("export", own / "data", *some).exit_code == 0
    done = ffpms(*readme_command(tmp_path / "some", place_of(circles, "table"), tmp_path / "again"))
    assert done.exit_code == 0, done.output
    assert set(pd.read_parquet(tmp_path / "again" / "videos.parquet")["manipulation"]) == {"original", "web"}


@pytest.mark.parametrize(
    ("name", "flags", "said"),
    [
        ("celeb-df", (), "its set is of Celeb-DF; give --root DIR, your Celeb-DF tree"),
        ("celeb-df", ("--ff-root", "."), "its set is of Celeb-DF, not of ffpp; give --root DIR, your Celeb-DF tree"),
        ("celeb-df", ("--root", ".", "--corpus", "dfdc"), "its set is of Celeb-DF, not of dfdc; give --root DIR"),
        ("celeb-df", ("--root", "."), "no Celeb-DF tree (Celeb-real/ and Celeb-synthesis/ are not in it)"),
        ("dfdc", ("--table", "t.csv"), "its set is of DFDC, not of table; give --root DIR, your DFDC tree"),
        ("table", ("--ff-root", "."), "its set is of somebody's own videos, not of ffpp; give --table FILE"),
        ("table", (), "its set is of somebody's own videos; give --table FILE, which lists them"),
        ("table", ("--table", "t.csv"), "t.csv: lists none of the recipe's 2 original videos (first original_at-home-"),
        ("table", ("--table", "k.csv"), "k.csv: lists none of the recipe's 1 web videos (first web_web)"),
        ("table", ("--ff-root", ".", "--root", "."), "--ff-root: is --corpus ffpp --root; give one of the two"),
    ],
)
def test_other_videos_than_the_recipes_are_one_line(
    circles: Path,
    tmp_path: Path,
    ffpms: Command,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    flags: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("path,label\na.mp4,0\nb.mp4,1\n")
    rows = "at home/anna.mp4,0,,,\nat home/ben.mp4,0,,,\nswap.mp4,1,at home/anna.mp4,,swap\nweb.mp4,1,,,net\n"
    Path("k.csv").write_text(f"path,label,original,person,manipulation\n{rows}")
    done = ffpms("import", circles / name / "recipe", *flags, "--out", "x")
    assert (done.exit_code, done.output.count("\n")) == (2, 1), done.output
    assert said in done.output
    assert not Path("x").exists()
