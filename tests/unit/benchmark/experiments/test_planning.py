"""The paper's experiments as recipes: what each runs on the sets at hand, and what it says it cannot."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.experiments.catalogue import ANY, EXPERIMENTS
from benchmark.experiments.planning import plan_experiment, read_otherwise
from benchmark.leaderboards.paper import read_paper
from benchmark.train_config import TrainConfig
from detectors import names
from ffpms.builder.config import BuildConfig
from ffpms.cli import main
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import REPORT
from ffpms.errors import ConfigError
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from tests.helpers import ROOT
from tests.helpers.tiny_set import PAIRS, make_set

At = Callable[[str], Path]


@pytest.fixture
def at(built: Path, tmp_path: Path) -> At:
    """The built set, said to be at a compression."""

    def claim(compression: str) -> Path:
        root = Path(shutil.copytree(built, tmp_path / compression, ignore=lambda *_: ["crops"]))
        report = json.loads((root / REPORT).read_text(encoding="utf-8"))
        report["config"]["recipe"]["compression"] = compression
        (root / REPORT).write_text(json.dumps(report), encoding="utf-8")
        return root

    return claim


def test_the_command_offers_every_experiment_and_no_other() -> None:
    (option,) = (p for p in main.commands["bench"].params if p.name == "experiment")
    assert list(option.type.choices) == list(EXPERIMENTS)


def test_the_page_about_them_lists_every_experiment() -> None:
    page = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(EXPERIMENTS)


@pytest.mark.parametrize("table", [1, 2, 3])
def test_the_methods_of_a_table_are_those_that_the_paper_printed_in_it(table: int) -> None:
    paper = read_paper()
    rows = paper[(paper["table"] == table) & paper["manipulation"].notna()]
    printed = {
        compression.replace("c0", "raw"): {name.lower().replace("face-x-ray", "x-ray") for name in own["method"]}
        for compression, own in rows.groupby("compression")
    }
    assert {c: set(methods) for c, methods in EXPERIMENTS[f"table{table}"].methods.items()} == printed


def test_every_method_of_an_experiment_is_registered() -> None:
    named = {name for e in EXPERIMENTS.values() for methods in e.methods.values() for name in methods}
    assert named <= set(names())


def test_each_compression_has_its_methods_and_what_is_missing_is_said(at: At) -> None:
    parts, notes = plan_experiment(EXPERIMENTS["table2"], [at("raw"), at("c40")])
    assert [part.data.name for part in parts] == ["Minicorpus-10-c0-whole-custom", "Minicorpus-10-whole-custom"]
    assert "mil" in parts[0].methods
    assert "mil" not in parts[1].methods
    said = "\n".join(notes)
    assert "left out: x-ray on" in said, "the set has no landmarks"
    assert "--compression c23 --out ffpms-c23" in said
    assert said.count("not the paper's test set") == 2


def test_the_mixed_set_is_taken_where_the_paper_mixes(built: Path) -> None:
    (part,), notes = plan_experiment(EXPERIMENTS["table1"], [built])
    assert not part.data.unmixed
    assert set(EXPERIMENTS["table1"].methods["c40"]) - set(part.methods) == {"d-fwa"}
    assert any("Celeb-DF" in note for note in notes)
    (part,), notes = plan_experiment(EXPERIMENTS["fig7"], [built])
    assert part.data.unmixed
    assert any("DFDC" in note for note in notes)


def test_the_papers_columns_of_other_corpora_stand_beside_sets_of_them(built: Path) -> None:
    data = BuiltSet.load(built)
    tests = [replace(data, name="Celeb-DF-v2-partial")]
    _, notes = plan_experiment(EXPERIMENTS["table1"], [built], tests=tests)
    (column,) = (note for note in notes if "Celeb-DF" in note)
    assert column.startswith("the paper's column of Celeb-DF, beside Celeb-DF-v2-partial: XN-avg 99.44, XN-max 89.89,")
    assert "no difference is printed" in column
    assert "not here: the paper's column of DFDC-preview; give a set of it with --test-data" in notes
    _, notes = plan_experiment(EXPERIMENTS["fig7"], [built], tests=[replace(data, name="DFDC-preview-custom")])
    assert not any("DFDC" in note for note in notes), "the curve is there"


def test_another_compression_is_run_and_said(at: At) -> None:
    (part,), notes = plan_experiment(EXPERIMENTS["fig6"], [at("c23")])
    assert part.methods == EXPERIMENTS["fig6"].methods["c40"]
    assert any("is at c23, the experiment is of c40" in note for note in notes)


def test_chosen_methods_take_the_place_of_the_paper_s(built: Path) -> None:
    (part,), _ = plan_experiment(EXPERIMENTS["fig6"], [built], ["mean", "x-ray"])
    assert part.methods == ("mean",)


def test_methods_that_see_an_order_are_left_out_where_there_is_none(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BuiltSet, "crowded", ["DF_000_001"])
    (part,), notes = plan_experiment(EXPERIMENTS["fig6"], [built])
    assert part.methods == ("xn-avg",)
    assert any("left out: s-mil-t, lstm on" in note and "--faces main" in note for note in notes)


def test_nothing_possible_is_an_error_that_says_why(built: Path, at: At) -> None:
    with pytest.raises(ConfigError, match=r"nothing of it is possible; .*without --landmarks"):
        plan_experiment(EXPERIMENTS["fig6"], [built], ["d-fwa"])
    c23 = at("c23")
    with pytest.raises(ConfigError, match="both at c23; give one of them"):
        plan_experiment(EXPERIMENTS["fig6"], [c23, c23])


def placed(out: Path, placement: str, **recipe: object) -> Path:
    """A set of four frames a video, made in a moment."""
    chosen = Recipe(frames_per_video=4, replaced=(1, 3), manipulations=("DF",), placement=placement, **recipe)  # type: ignore[arg-type]
    return make_set(out, PAIRS, BuildConfig(chosen, CropConfig(size=16)))


def test_localisation_is_of_segments_and_of_no_other_set(built: Path, tmp_path: Path) -> None:
    localisation = EXPERIMENTS["localisation"]
    several = placed(tmp_path / "several", "segments", segments=(1, 2))
    (part,), notes = plan_experiment(localisation, [several])
    assert part.methods == localisation.methods[ANY]
    assert {"s-mil", "s-mil-t", "mil", "xn-avg", "xn-max", "lstm"} <= set(part.methods)
    assert notes == [], "there is no paper to compare with"
    one = placed(tmp_path / "one", "contiguous")
    parts, _ = plan_experiment(localisation, [several, one], ["mil"])
    assert [part.methods for part in parts] == [("mil",)] * 2, "sets of one compression may differ in their places"
    todo = "its fake frames lie at random, and localisation is of segments; build one with --placement segments"
    for roots, tests in (([built], []), ([several], [BuiltSet.load(built)])):
        with pytest.raises(ConfigError, match=todo):
            plan_experiment(localisation, roots, tests=tests)
    with pytest.raises(ConfigError, match="its fake frames are whole videos"):
        plan_experiment(replace(localisation, unmixed=True), [several])


def test_videos_that_are_fake_in_parts_themselves_are_localised_whatever_the_placement(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of one's own table with fake seconds: each fake stands alone."""
    data = BuiltSet.load(built)
    fake = data.videos["label"] == 1
    alone = data.videos["target_id"].where(~fake, data.videos["bag_id"])
    own = replace(data, videos=data.videos.assign(target_id=alone, fake_rate=0.5))
    monkeypatch.setattr("benchmark.experiments.planning.load", lambda *_: own)
    (part,), _ = plan_experiment(EXPERIMENTS["localisation"], [built], ["mil"])
    assert part.data is own


def test_table_1_has_both_readings_of_what_the_paper_leaves_open() -> None:
    table = EXPERIMENTS["table1"]
    configs = [TrainConfig(name, backbone="tiny") for name in table.methods["c40"]]
    others = read_otherwise(table, configs, ())[len(configs) :]
    differing = {setting: {c.method for c in others if getattr(c, setting) != value} for setting, value in READINGS}
    assert differing == {
        "train_mix": {"xn-avg", "xn-max", "lstm", "i3d"},
        "frame_faces": {"xn-avg", "xn-max", "d-fwa"},
        "select": set(table.methods["c40"]),
    }
    assert len(others) == sum(map(len, differing.values())), "one setting at a time"
    given = read_otherwise(table, configs, ["train_mix", "select"])[len(configs) :]
    assert {c.method for c in given} == differing["frame_faces"]
    assert read_otherwise(EXPERIMENTS["fig6"], configs, ()) == configs


READINGS = (("train_mix", "recipe"), ("frame_faces", "all"), ("select", "val-accuracy"))
