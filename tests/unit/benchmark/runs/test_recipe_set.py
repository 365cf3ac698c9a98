"""Truth without pixels: ``ffpms evaluate --data RECIPE`` gives the tables of the built set."""

import json
import shutil
from pathlib import Path

import pytest

from benchmark.runs.recipe_set import load_set
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import FfpmsError
from ffpms.export.formats.recipe import seal
from tests.conftest import Command
from tests.helpers.submission_folders import predict_seeds
from tests.helpers.submissions import Submit
from tests.helpers.tiny_set import edit


@pytest.fixture(scope="session")
def recipes(whole: Path, ffpms: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe of the whole set, of its val and test bags, of its train bags, and of one manipulation."""
    place = tmp_path_factory.mktemp("recipes")
    parts = {
        "whole": (),
        "part": ("--split", "val,test"),
        "train": ("--split", "train"),
        "df": ("--manipulations", "DF"),
    }
    for name, flags in parts.items():
        result = ffpms("export", whole, "--recipe-only", "--out", place / name, *flags)
        assert result.exit_code == 0, result.stderr
    return place


@pytest.fixture
def recipe(recipes: Path, tmp_path: Path) -> Path:
    """A copy of the recipe of the whole set, to be edited."""
    return Path(shutil.copytree(recipes / "whole", tmp_path / "recipe"))


@pytest.mark.parametrize("name", ["whole", "part"])
def test_a_recipe_gives_the_tables_of_its_set(
    submit: Submit, whole: Path, recipes: Path, tmp_path: Path, name: str
) -> None:
    predict_seeds(whole, split="val").to_csv(tmp_path / "val.csv", index=False)
    tables = []
    for data in (whole, recipes / name):
        result = submit(predict_seeds(whole), "--data", data, "--val-scores", tmp_path / "val.csv")
        assert result.exit_code == 0, result.stderr
        tables.append({path.name: path.read_bytes() for path in (tmp_path / "runs").glob("leaderboard.*")})
        tables.append({path: path.read_bytes() for path in (tmp_path / "runs").glob("*/*.*")})
        shutil.rmtree(tmp_path / "runs")
    assert tables[:2] == tables[2:]


def test_times_are_known_without_pixels(whole: Path, recipes: Path) -> None:
    """Proposals in seconds need them."""
    from benchmark.runs.ground_truth import GroundTruth

    built, read = (GroundTruth.of_set(load_set(path), "test").times for path in (whole, recipes / "part"))
    assert built is not None
    assert read is not None
    rows = built[built["bag_id"].isin(read["bag_id"])].reset_index(drop=True)
    assert rows.drop(columns="slot_s").equals(read.drop(columns="slot_s"))


@pytest.mark.parametrize("name", ["train", "df"])
def test_some_test_bags_are_not_the_set(submit: Submit, whole: Path, recipes: Path, name: str) -> None:
    result = submit(predict_seeds(whole), "--data", recipes / name)
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {recipes / name}: has not all test bags of its set; export the recipe with the split test whole\n"
    )


def change(recipe: Path, sealed: bool, **values: object) -> None:
    path = recipe / "recipe.json"
    about = json.loads(path.read_text()) | values
    path.write_text(json.dumps(seal(about) if sealed else about))


def test_an_edited_recipe_is_refused(recipe: Path) -> None:
    change(recipe, sealed=False, dataset="FFPMS")
    with pytest.raises(FfpmsError, match=r"recipe.json: was changed since it was exported; get the recipe anew"):
        load_set(recipe)


def test_an_edited_table_is_refused(recipe: Path) -> None:
    table = recipe / "videos.parquet"
    table.write_bytes((recipe / "grid.parquet").read_bytes())
    with pytest.raises(FfpmsError, match=r"videos.parquet: "):
        load_set(recipe)


def test_a_hash_that_the_tables_do_not_have_is_refused(recipe: Path) -> None:
    change(recipe, sealed=True, set={"sha256": "0" * 64, "splits": ["val", "test"]})
    with pytest.raises(FfpmsError, match=r"its tables are not those of the set that it names; get the recipe anew"):
        load_set(recipe)


def test_a_recipe_of_an_older_version_says_so(recipe: Path) -> None:
    change(recipe, sealed=True, set=None)
    with pytest.raises(FfpmsError, match=r"does not store the hash of its set, as an older ffpms exported it; export"):
        load_set(recipe)


@pytest.mark.parametrize("name", ["whole", "part"])
def test_a_name_is_never_taken_from_the_recipe(recipes: Path, whole: Path, tmp_path: Path, name: str) -> None:
    recipe = Path(shutil.copytree(recipes / name, tmp_path / "recipe"))
    which = json.loads((recipe / "recipe.json").read_text())["set"]
    change(recipe, sealed=True, dataset="FFPMS", reasons=[], set=which | {"name": "FFPMS", "reasons": []})
    data = BuiltSet.load(whole)
    assert (load_set(recipe).name, load_set(recipe).reasons) == (data.name, data.reasons)


def test_what_is_wrong_with_other_splits_names_a_part_too(data: Path, ffpms: Command, tmp_path: Path) -> None:
    """An unverified video of the train split makes the set custom; the part has no row of it."""
    edit(data, "sources", lambda rows: rows.assign(status=rows["status"].mask(rows["split"] == "train", "unverified")))
    assert ffpms("export", data, "--recipe-only", "--out", tmp_path / "part", "--split", "val,test").exit_code == 0
    own = BuiltSet.load(data)
    assert any("unverified" in reason for reason in own.reasons)
    assert (load_set(tmp_path / "part").name, load_set(tmp_path / "part").reasons) == (own.name, own.reasons)


def test_neither_set_nor_recipe_is_one_line(submit: Submit, whole: Path, tmp_path: Path) -> None:
    result = submit(predict_seeds(whole), "--data", tmp_path)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
