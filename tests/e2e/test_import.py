"""build -> export -> import is a circle, and every difference is a line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ffpms.builder.config import BuildConfig
from ffpms.dataset.set_files import TABLES
from ffpms.errors import ManifestError
from ffpms.export.formats.recipe import seal
from ffpms.export.published_recipe import PublishedRecipe
from ffpms.hashing import file_digest
from ffpms.import_recipe import config_of
from ffpms.parquet import read_table, write_table
from tests.conftest import Command, Once
from tests.helpers.building import content, flags
from tests.helpers.recipes import readme_command

pytestmark = pytest.mark.usefixtures("warm_worker")


@pytest.fixture(scope="module")
def published(tree: Path, once: Once, ffpms: Command) -> Path:
    """A set of the tree's test split, its recipe, and the set that the recipe gives."""

    def make(folder: Path) -> None:
        assert ffpms(*flags(tree, folder / "data", "--manipulations", "DF,NT")).exit_code == 0
        assert ffpms("export", folder / "data", "--recipe-only", "--out", folder / "recipe").exit_code == 0
        done = ffpms("import", folder / "recipe", "--ff-root", tree, "--out", folder / "again", "--workers", 1)
        assert (done.exit_code, done.output.splitlines()[-1]) == (
            0,
            f"{folder / 'again'}: Minicorpus-10-custom; every row is as in the recipe",
        ), done.output

    return once("published", make)


@pytest.fixture
def recipe(published: Path, tmp_path: Path) -> Path:
    """A copy of the recipe, to be changed."""
    return Path(shutil.copytree(published / "recipe", tmp_path / "recipe"))


def change(recipe: Path, name: str, edit: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
    """Rewrites a table of a recipe with its hash."""
    path, about = recipe / f"{name}.parquet", json.loads((recipe / "recipe.json").read_text())
    rows = read_table(path, TABLES[name])
    edited = edit(rows)
    write_table(rows if edited is None else edited, TABLES[name], path)
    about["sha256"][path.name] = file_digest(path)
    (recipe / "recipe.json").write_text(json.dumps(seal(about)))


def sealed(**about: object) -> str:
    """The text of a ``recipe.json`` with its hash."""
    return json.dumps(seal(about))


def test_a_recipe_of_a_rendered_tree_says_so(published: Path, tree: Path, ffpms: Command) -> None:
    """The fixture gave ``--ff-root``, which takes such a tree too."""
    text = (published / "recipe" / "README.md").read_text()
    assert "Whoever has the same videos in the folders of Minicorpus builds the same set" in text
    command = readme_command(published / "recipe", tree, published / "again")
    assert command[2] == "--root"
    assert ffpms(*command).exit_code == 0
    done = ffpms("import", published / "recipe", "--table", "t.csv")
    assert "its set is of Minicorpus, not of table; give --root DIR, your Minicorpus tree" in done.output


def test_a_recipe_of_faceforensics_says_so(copy: Path, tmp_path: Path, ffpms: Command) -> None:
    """Without ``corpus.json`` nothing says that the tree is rendered."""
    (copy / "corpus.json").unlink()
    recipe = tmp_path / "recipe"
    assert ffpms(*flags(copy, tmp_path / "data", "--manipulations", "DF")).exit_code == 0
    assert ffpms("export", tmp_path / "data", "--recipe-only", "--out", recipe).exit_code == 0
    text = (recipe / "README.md").read_text()
    assert "Whoever has the same videos in the folders of FaceForensics++ builds the same set" in text
    assert readme_command(recipe, copy, tmp_path / "again")[2] == "--ff-root"
    done = ffpms("import", recipe, "--table", "t.csv")
    assert "its set is of FaceForensics++, not of table; give --ff-root DIR, your FaceForensics++ tree" in done.output


def test_the_same_videos_give_the_same_bytes(published: Path) -> None:
    assert content(published / "again") == content(published / "data")
    assert len(content(published / "data")) > 100


def test_a_recipe_is_small_and_has_no_pixels_and_no_paths(published: Path) -> None:
    files = [path for path in (published / "recipe").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200_000
    for path in files:
        assert b"\x89PNG" not in path.read_bytes()
        assert str(published).encode() not in path.read_bytes(), path


def test_each_difference_is_a_line(published: Path, recipe: Path, tree: Path, ffpms: Command) -> None:
    def other(column: str, value: object) -> Callable[[pd.DataFrame], None]:
        def edit(rows: pd.DataFrame) -> None:
            rows.loc[0, column] = value

        return edit

    change(recipe, "sources", other("sha256", "f" * 64))
    change(recipe, "videos", other("label", 1))
    change(recipe, "frames", other("box_x", 3.5))
    change(recipe, "crops", lambda rows: rows.iloc[1:])
    done = ffpms("import", recipe, "--ff-root", tree, "--out", published / "again", "--workers", 1)
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert [line.partition(":")[0] for line in lines[:4]] == [
        *("sources.parquet", "videos.parquet", "frames.parquet", "crops.parquet"),
    ]
    assert lines[0].endswith(", not ffffffffffff")
    assert lines[1].endswith("label 0, not 1")
    assert lines[2].endswith(", not 3.5")
    assert lines[3].endswith(": is in the built set alone")
    assert lines[4].endswith("4 rows differ from the recipe")
    done = ffpms("import", recipe, "--ff-root", tree, "--out", published / "again", "--workers", 1, "--json")
    assert json.loads(done.output)["n_differences"] == 4


def test_many_differences_are_counted(published: Path, recipe: Path, tree: Path, ffpms: Command) -> None:
    change(recipe, "frames", lambda rows: rows.assign(sha256="0" * 64))
    done = ffpms("import", recipe, "--ff-root", tree, "--out", published / "again", "--workers", 1)
    n_rows = len(pd.read_parquet(published / "data" / "frames.parquet"))
    assert f"and {n_rows - 20} more; --json lists all" in done.output.splitlines()
    assert len(done.output.splitlines()) == 22


def test_code_of_another_version_is_noted(published: Path, recipe: Path, tree: Path, ffpms: Command) -> None:
    about = json.loads((recipe / "recipe.json").read_text())
    about["config"]["code_sha256"] = "0" * 64
    (recipe / "recipe.json").write_text(json.dumps(seal(about)))
    done = ffpms("import", recipe, "--ff-root", tree, "--out", published / "again", "--workers", 1)
    assert done.exit_code == 0
    assert "The recipe's set was built by other code" in done.output


def test_a_recipe_of_some_bags_asks_for_those_alone(published: Path, tmp_path: Path, ffpms: Command) -> None:
    chosen = ("--manipulations", "NT", "--recipe-only", "--out", tmp_path / "some")
    assert ffpms("export", published / "data", *chosen).exit_code == 0
    some = PublishedRecipe.read(tmp_path / "some")
    assert not some.whole
    assert "crops" not in some.tables
    config = config_of(some)
    assert (config.recipe.manipulations, config.splits) == (("NT",), ("test",))
    assert config.crop.size == 32
    assert config.code_sha256 == BuildConfig().code_sha256


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("recipe.json", None, "no recipe \\(recipe.json is not in it\\)"),
        ("recipe.json", "[]", "not written by 'ffpms export'"),
        ("recipe.json", "{", "no whole JSON"),
        ("recipe.json", sealed(config={}, sha256={"../x.parquet": "0"}), "no table of a recipe"),
        ("recipe.json", sealed(config={}, sha256={}), "has no frames.parquet"),
        ("recipe.json", '{"config": {}, "sha256": {}}', "was changed since it was exported; get the recipe anew"),
        ("frames.parquet", "no", "no whole Parquet file .*; get the recipe anew"),
        ("frames.parquet", None, "not found; get the recipe anew"),
        ("splits/test.json", '[["..", "a"]]', "ids become file names"),
    ],
)
def test_a_damaged_recipe_is_refused(recipe: Path, name: str, text: str | None, said: str) -> None:
    (recipe / name).unlink()
    if text is not None:
        (recipe / name).write_text(text)
    with pytest.raises(ManifestError, match=said):
        PublishedRecipe.read(recipe)


def test_a_changed_table_or_setting_is_refused(recipe: Path) -> None:
    about = json.loads((recipe / "recipe.json").read_text())
    for group, name, value in (("recipe", "seed", 7), ("crop", "size", 64)):
        changed = about | {"config": about["config"] | {group: about["config"][group] | {name: value}}}
        (recipe / "recipe.json").write_text(json.dumps(changed))
        with pytest.raises(
            ManifestError, match=r"recipe\.json: was changed since it was exported; get the recipe anew"
        ):
            PublishedRecipe.read(recipe)
    (recipe / "recipe.json").write_text(json.dumps(about, indent=7, sort_keys=True))
    assert PublishedRecipe.read(recipe).about == about, "laid out in another way"
    about["config"]["colour"] = "green"
    (recipe / "recipe.json").write_text(json.dumps(seal(about)))
    with pytest.raises(ManifestError, match="setting colour is unknown to ffpms"):
        config_of(PublishedRecipe.read(recipe))
    (recipe / "recipe.json").write_text(json.dumps(seal(about | {"config": about["config"] | {"corpus": "kodf"}})))
    with pytest.raises(ManifestError, match=r"does not know \('kodf'\); get the recipe anew"):
        _ = PublishedRecipe.read(recipe).corpus
    shutil.copy(recipe / "crops.parquet", recipe / "frames.parquet")
    with pytest.raises(ManifestError, match=r"frames\.parquet: "):
        PublishedRecipe.read(recipe)


def test_a_recipe_of_originals_alone_is_refused(published: Path, tmp_path: Path, ffpms: Command) -> None:
    some = ("--manipulations", "original", "--recipe-only", "--out", tmp_path / "some")
    assert ffpms("export", published / "data", *some).exit_code == 0
    with pytest.raises(ManifestError, match="has no fake bag, and a set needs some; export it with fakes"):
        config_of(PublishedRecipe.read(tmp_path / "some"))
