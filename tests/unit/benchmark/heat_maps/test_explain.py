"""``ffpms explain RUN --bag ID``: Fig. 5 of one bag, with the model's own scores and the truth."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import ffpms as toolkit
from benchmark.heat_maps.explained_bag import explain_bag
from benchmark.heat_maps.picture import caption, make_figure, overlay
from benchmark.models.loading import open_model
from benchmark.runs.folder import finish
from benchmark.runs.other_sets import folder_on, write_set
from ffpms.builder.config import BuildConfig, CropConfig
from ffpms.cli import options
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from tests.conftest import Command, Once
from tests.helpers.tiny_set import BAG, CONFIG, OTHER_PAIRS, edit, make_set, put
from tests.helpers.trained_runs import SIDE, find_run, make_trained


@pytest.fixture(scope="module")
def trained(once: Once) -> Path:
    """The folder of a set and of a run of each method."""
    return once("trained", make_trained)


@pytest.fixture(scope="module")
def own_set(trained: Path) -> BuiltSet:
    return toolkit.load(trained / "set")


def words(explained: Any) -> str:
    """All that stands in the picture."""
    figure = make_figure(explained)
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return "\n".join(text.get_text() for text in texts)


@pytest.mark.parametrize(("name", "head"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")])
def test_a_run_and_a_bag_become_a_picture(
    ffpms: Command, trained: Path, tmp_path: Path, name: str, head: bytes
) -> None:
    run, out = find_run(trained / "runs", "s-mil"), tmp_path / name
    result = ffpms("explain", run, "--bag", BAG, "--data", trained / "set", "--out", out)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(rf"{re.escape(str(out))}: s-mil \[.*\] gives {BAG} 0\.\d\d; it is \d of 4 .*\n", result.stdout)
    assert out.read_bytes().startswith(head)
    if name == "a.png":
        assert np.asarray(Image.open(out)).std() > 20


def test_json_has_the_scores_of_the_model_and_the_truth(ffpms: Command, trained: Path, tmp_path: Path) -> None:
    run = find_run(trained / "runs", "s-mil")
    flags = ("--data", trained / "set", "--out", tmp_path / "a.png", "--logit", "video", "--json")
    found = json.loads(ffpms("explain", run, "--bag", BAG, *flags).stdout)
    record = next(bag for bag in toolkit.load(trained / "set").bags("test") if bag.bag_id == BAG)
    ((video_prob, frame_prob, weight),) = open_model(run).score([record.faces()])
    assert found["video_prob"] == pytest.approx(video_prob)
    assert (found["bag_id"], found["logit"], found["layer"]) == (BAG, "video", "backbone.network.2")
    assert [face["frame_prob"] for face in found["faces"]] == pytest.approx(frame_prob.tolist())
    assert weight is not None
    assert [face["weight"] for face in found["faces"]] == pytest.approx(weight.tolist())
    assert [face["truth"] == "fake" for face in found["faces"]] == [label == 1 for label in record.frame_labels]
    assert {face["truth"] for face in found["faces"]} == {"fake", "swapped in"}


def test_a_bag_of_an_unknown_set_is_said(ffpms: Command, trained: Path, tmp_path: Path) -> None:
    copied = Path(
        shutil.copytree(find_run(trained / "runs", "s-mil"), tmp_path / find_run(trained / "runs", "s-mil").name)
    )
    other = toolkit.load(
        make_set(tmp_path / "other", OTHER_PAIRS, BuildConfig(CONFIG.recipe, CropConfig(size=SIDE, margin=1.5)))
    )
    flags = ("--out", tmp_path / "a.png", "--data")
    assert ffpms("explain", copied, "--bag", BAG, *flags, trained / "set").stderr == ""
    asked = ("explain", copied, "--bag", "DF_904_905", *flags, other.root)
    own = open_model(copied).trained_on
    told = ffpms(*asked).stderr
    assert told.startswith(f"Note: the bag is of another set ({other.name} {other.sha256[:8]}) than s-mil [")
    assert f"] was trained on ({own.dataset} {own.sha256[:8]}) or scored with --test-data\n" in told
    assert json.loads(ffpms(*asked, "--json").stdout)["note"] == told[len("Note: ") : -1]
    scored = folder_on(copied, other.name, other.sha256)
    write_set(scored, other.name, (), other.sha256)
    finish(scored)
    assert ffpms(*asked).stderr == ""


def test_the_picture_says_what_is_shown_and_marks_the_truth_in_words(trained: Path, own_set: BuiltSet) -> None:
    explained = explain_bag(open_model(find_run(trained / "runs", "s-mil")), own_set, BAG)
    text = words(explained)
    assert text.count("real, swapped in") == sum(label == 0 for label in _labels(own_set))
    assert text.count("\nfake\n") == sum(_labels(own_set))
    assert f"{BAG} (test): {sum(_labels(own_set))} of 4 frames fake" in text
    assert "weight of\nthe face" in text
    assert "z is the faces' own logits, summed, A the output of backbone.network.2 (4 x 4 places)" in text
    assert "All maps are divided by the largest value of this bag" in text
    other = explain_bag(open_model(find_run(trained / "runs", "xn-avg")), own_set, BAG, "video")
    assert "weight of\nthe face" not in words(other)
    assert "z is the video's logit" in caption(other)
    assert "gives its faces no weights" in caption(other)
    clip = explain_bag(open_model(find_run(trained / "runs", "i3d")), own_set, BAG)
    dark = replace(clip, heat=replace(clip.heat, maps=np.zeros_like(clip.heat.maps)))
    assert "places in 1 step of time)" in caption(dark)
    assert "Here nothing does." in caption(dark)


def _labels(own_set: BuiltSet) -> list[int]:
    labels: list[int] = own_set.frames.loc[own_set.frames["bag_id"] == BAG, "label"].tolist()
    return labels


def test_heat_covers_a_face_the_more_the_hotter_it_is() -> None:
    face = np.full((1, 3, 3), 100, np.uint8)
    shown = overlay(face, np.array([[0.0, 0.5, 1.0]])).astype(int)
    assert shown[0, 0].tolist() == [100, 100, 100]
    change = np.abs(shown - 100).sum(axis=2)[0]
    assert 0 == change[0] < change[1] < change[2]


def test_several_people_have_lines_of_their_own(trained: Path, own_set: BuiltSet) -> None:
    frames = own_set.frames
    others = frames.assign(track_id=np.int16(1), label=np.int16(0), replaced=False)
    both = pd.concat([frames, others]).sort_values(["bag_id", "slot", "track_id"])
    crowd = replace(own_set, frames=both)
    explained = explain_bag(open_model(find_run(trained / "runs", "s-mil")), crowd, BAG)
    assert [slot.track_id for slot in explained.slots] == [0, 1] * 4
    assert "frame 5, person 1" in words(explained)
    with pytest.raises(ConfigError, match="lstm: sees the order of faces"):
        explain_bag(open_model(find_run(trained / "runs", "lstm")), crowd, BAG)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--bag", "DF_004_00"), "has no 'DF_004_00'; did you mean DF_004_005, "),
        (("--bag", BAG, "--out", "a.gif"), "a.gif is no figure; name it .png, .pdf, .svg"),
        ((), "Missing option '--bag'"),
        (("--bag", BAG, "--logit", "face"), "--logit"),
        (("--bag", BAG, "--data", "nowhere"), "nowhere: no built set"),
    ],
)
def test_what_cannot_be_explained_is_one_line(
    ffpms: Command, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    data = () if "--data" in flags else ("--data", trained / "set")
    result = ffpms("explain", find_run(trained / "runs", "s-mil"), *flags, *data)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_bag_without_a_face_and_crops_of_another_size_are_one_line(
    ffpms: Command, trained: Path, whole: Path, tmp_path: Path
) -> None:
    run = find_run(trained / "runs", "s-mil")
    shutil.copytree(trained / "set", tmp_path / "set")
    edit(tmp_path / "set", "frames", put({"status": "no_face", "crop": ""}, bag_id=BAG))
    edit(tmp_path / "set", "videos", put({"status": "no_face", "error": "nobody is seen"}, bag_id=BAG))
    result = ffpms("explain", run, "--bag", BAG, "--data", tmp_path / "set", "--out", tmp_path / "a.png")
    assert f"{BAG} has no face, for its status is no_face (nobody is seen); choose another" in result.stderr
    result = ffpms("explain", run, "--bag", BAG, "--data", whole, "--out", tmp_path / "a.png")
    assert re.search(r"its crops have 16 px, and s-mil \[.*\] was trained on 32 px; give --data", result.stderr)


def test_without_captum_the_extra_is_named(ffpms: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "find_spec", lambda name: None if name == "captum" else object())
    result = ffpms("explain", "runs/x", "--bag", BAG)
    assert result.stderr == "Error: captum: not installed; pip install 'ffpms[explain]'\n"


def test_help_shows_both_forms_and_the_flags_of_a_run(ffpms: Command) -> None:
    text = ffpms("explain", "--help").stdout
    assert "explain RUN --bag ID" in text
    assert "gradients --out FILE" in text
    assert "--logit" in text
    assert "\n  RUN" not in text
    assert ffpms("explain", "runs/x", "--help").exit_code == 0
    assert "--bag" in ffpms("explain", "--bag", BAG, "--help").stdout


def test_a_figure_that_is_misspelled_is_no_run(ffpms: Command) -> None:
    result = ffpms("explain", "gradents", "--out", "x.png")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: There is no figure and no run 'gradents'. Did you mean 'gradients'?")
