"""What a set lacks for a method or its options: an order of faces, landmarks, or enough faces."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmark.trials import preflight
from benchmark.trials.configure import split_options
from benchmark.trials.requirements import check_faces, check_order, check_set
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from detectors import method, names
from detectors.options import format_value, options_of
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, ManifestError
from tests.conftest import Command
from tests.helpers.crowds import crowd
from tests.helpers.tiny_set import BAG, edit
from tests.helpers.trials import CONFIG, CPU

ORDERED = [name for name in names() if method(name).ordered]


def with_another(rows: pd.DataFrame) -> pd.DataFrame:
    """A second person in every frame of one bag; in no frame of the others."""
    other = rows[rows["bag_id"] == BAG].assign(track_id=1, label=0, altered=False)
    return pd.concat([rows, other]).sort_values(["bag_id", "slot"], kind="stable")


@pytest.fixture
def crowded(data: Path) -> BuiltSet:
    edit(data, "frames", with_another)
    return BuiltSet.load(data)


def test_a_set_knows_its_bags_of_several_people(crowded: BuiltSet, whole: Path) -> None:
    assert crowded.crowded == (BAG,)
    assert [bag.bag_id for bag in crowded.bags("test") if bag.crowded] == [BAG]
    assert BuiltSet.load(whole).crowded == ()


def test_a_second_row_without_pixels_is_nobody(data: Path) -> None:
    edit(data, "frames", lambda rows: with_another(rows).assign(status="no_face"))
    assert BuiltSet.load(data).crowded == ()


@pytest.mark.parametrize("name", ORDERED)
def test_methods_that_see_the_order_refuse_it_in_one_line(crowded: BuiltSet, whole: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: .*several people in a frame.*{BAG}.*--faces main") as refused:
        check_set(name, crowded)
    assert "\n" not in str(refused.value)
    check_set(name, BuiltSet.load(whole))


def test_the_others_take_it(crowded: BuiltSet) -> None:
    for name in set(names()) - set(ORDERED):
        if method(name).training_data == "bags":
            check_set(name, crowded)
    with pytest.raises(ManifestError, match="landmarks"):
        check_set("d-fwa", crowded)


def test_bench_leaves_them_out_and_ends_if_nothing_is_left(crowded: BuiltSet, tmp_path: Path) -> None:
    trials = [Trial.below(tmp_path, replace(CONFIG, method=name), crowded) for name in ("s-mil", "lstm", "s-mil-t")]
    reasons = preflight.check_methods(trials, Resources(CPU))
    assert [trial.config.method for trial in reasons] == ["lstm", "s-mil-t"]
    with pytest.raises(ConfigError, match="lstm: "):
        preflight.check_methods(trials[1:], Resources(CPU))
    assert len(preflight.check_methods(trials[1:], Resources(CPU), some_done=True)) == 2


def test_the_command_says_what_to_do(ffpms: Command, crowded: BuiltSet, tmp_path: Path) -> None:
    flags = ("--data", crowded.root, "--out", tmp_path / "runs", "--backbone", "tiny", "--epochs", 1)
    result = ffpms("bench", "--methods", "lstm", *flags)
    assert result.exit_code == 2
    assert "build it with --faces main" in result.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("runs/lstm-*"))


@pytest.fixture
def of_4_faces(data: Path) -> BuiltSet:
    """A set whose train bags have 4 faces."""
    edit(data, "videos", lambda rows: rows.assign(split=rows["split"].replace("val", "train")))
    built = BuiltSet.load(data)
    assert max(len(bag.crops) for bag in built.bags("train", "DF")) == 4
    return built


@pytest.mark.parametrize(
    ("name", "option"),
    [
        *[("top-k", "k=4"), ("clam", "k=2"), ("dtfd", "groups=4")],
        *[("s-mil-t", "kernels=1,4"), ("s-mil-t", "kernels=4,1")],
    ],
)
def test_an_option_that_asks_for_more_faces_than_training_shows_is_refused(
    of_4_faces: BuiltSet, name: str, option: str
) -> None:
    config = replace(CONFIG, method=name, manipulations=("DF",), options=(option,), train_frames=4)
    check_faces(config, of_4_faces)
    said = f"^{name}: {option.replace('=', ' = ')} takes 4 faces of a bag, and training shows 3; take less, or"
    with pytest.raises(ConfigError, match=f"{said} --train-frames 4$"):
        check_faces(replace(config, train_frames=3), of_4_faces)
    check_faces(replace(config, train_frames=1, options=()), of_4_faces)  # a default takes what there is


def test_an_option_that_asks_for_more_faces_than_bags_have_is_refused(of_4_faces: BuiltSet) -> None:
    config = replace(CONFIG, method="dtfd", manipulations=("DF",), options=("groups=5",))
    with pytest.raises(ConfigError, match=r"^dtfd: groups = 5 .* no train bag has more than 4; take less$"):
        check_faces(config, of_4_faces)


@pytest.mark.parametrize("name", names())
def test_every_default_is_taken_if_it_is_typed(name: str, of_4_faces: BuiltSet) -> None:
    options = tuple(f"{key}={format_value(value)}" for key, value in options_of(method(name).factory).items())
    split_options([f"{name}.{option}" for option in options])
    check_faces(replace(CONFIG, method=name, manipulations=("DF",), options=options), of_4_faces)


def test_the_command_says_which_option_asks_for_too_many_faces(
    ffpms: Command, built_set: BuiltSet, tmp_path: Path
) -> None:
    flags = ("--data", built_set.root, "--out", tmp_path / "runs", "--backbone", "tiny", "--epochs", 1)
    result = ffpms("bench", "--methods", "clam", "--set", "clam.k=5", *flags)
    assert result.exit_code == 2
    assert "clam: k = 5 takes 10 faces of a bag, and" in result.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("runs/clam-*"))


def test_bags_of_one_person_a_frame_have_an_order(built_set: BuiltSet) -> None:
    bag = built_set.bags("test")[0]
    assert not bag.crowded
    assert not crowd(bag, 1).crowded
    assert crowd(bag, 2).crowded
    check_order("lstm", [], "these bags")
    check_order("s-mil", [bag.bag_id], "these bags")
