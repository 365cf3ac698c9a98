"""A packed model gives the scores of its run, anywhere, and its card says what holds."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import Result

import benchmark
import detectors
from benchmark import open_model, pack
from benchmark.metrics.calibration import scale
from benchmark.models import packed_detector, packing
from benchmark.models.card import write_card
from benchmark.models.packed import read_packed
from benchmark.models.packing import Packed
from benchmark.runs.folder import read_run
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, ManifestError, StorageError
from tests.helpers.pages import ROOT
from tests.helpers.trained_runs import find_run


@pytest.fixture(scope="module")
def packed(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """A packed S-MIL."""
    return pack(find_run(runs, "s-mil"), tmp_path_factory.mktemp("packed") / "own", "CC-BY-NC-4.0")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("method", detectors.names())
def test_a_packed_model_gives_the_scores_that_its_run_stored(
    runs: Path, data: BuiltSet, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "write_card", lambda *_: "")  # a bootstrap each
    run, model = find_run(runs, method), open_model(pack(find_run(runs, method), tmp_path / "own").folder)
    own, bags = open_model(run), data.bags("test")
    stored = pd.read_parquet(run / "scores.parquet").query("level == 'video'").set_index("bag_id")["score"]
    faces = [bag.faces() for bag in bags]
    for bag, again, scored in zip(bags, own.score(faces), model.score(faces), strict=True):
        assert scored.video_prob == again.video_prob
        np.testing.assert_array_equal(scored.frame_prob, again.frame_prob)
        expected = scale(stored.loc[[bag.bag_id]].to_numpy(), own.calibration.temperature)
        assert scored.video_prob == pytest.approx(float(expected[0]), abs=1e-6)
    assert (model.name, model.method, model.run_id) == (own.name, own.method, own.run_id)
    assert (model.preprocessing, model.calibration, model.trained_on) == (
        own.preprocessing,
        own.calibration,
        own.trained_on,
    )


def test_another_process_without_set_and_run_gives_the_same_score(packed: Packed, data: BuiltSet, runs: Path) -> None:
    faces = data.bags("test")[0].faces()
    np.save(packed.folder.parent / "faces.npy", faces)
    code = (
        "import sys, numpy, benchmark; print(benchmark.open_model(sys.argv[1]).score([numpy.load('faces.npy')])[0][0])"
    )
    command = [sys.executable, "-c", code, packed.folder.name]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=packed.folder.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == open_model(find_run(runs, "s-mil")).score([faces])[0].video_prob


def test_packing_again_gives_the_same_bytes(packed: Packed, runs: Path, tmp_path: Path) -> None:
    again = pack(find_run(runs, "s-mil"), tmp_path / "again", "cc-by-nc-4.0").folder
    assert names_in(again) == ["README.md", "config.json", "model.safetensors"]
    for name in names_in(again):
        assert (again / name).read_bytes() == (packed.folder / name).read_bytes()


def test_the_head_of_the_card_has_what_a_hub_reads(packed: Packed, runs: Path) -> None:
    head = yaml.safe_load((packed.folder / "README.md").read_text("utf-8").split("---\n")[1])
    assert (head["library_name"], head["license"], head["datasets"]) == ("ffpms", "cc-by-nc-4.0", ["FFPMS-custom"])
    assert "s-mil" in head["tags"]
    cells = benchmark.make_board(benchmark.open_run(find_run(runs, "s-mil"))).cells
    auc = cells[(cells["metric"] == "auc") & (cells["fake_rate_bucket"] == "all")].set_index("manipulation")
    for result in head["model-index"][0]["results"]:
        (own,) = (metric for metric in result["metrics"] if metric["name"] == "Video AUC")
        row = auc.loc[result["dataset"]["config"]]
        assert own["value"] == pytest.approx(row["value"], abs=1e-4)
        assert result["dataset"]["name"] == f"FFPMS-custom, {row.name}, {row['n_videos']} test videos"
    assert len(head["model-index"][0]["results"]) == 3


def test_the_card_says_how_far_it_holds(packed: Packed, data: BuiltSet) -> None:
    text = " ".join((packed.folder / "README.md").read_text("utf-8").split())
    for said in (
        data.sha256,
        "They are 2 real and 4 fake videos. That is few",
        "a square of 1.5 times the finder's box, 32 x 32 px",
        "| test videos | 6 | 4 | 4 |",
        "There is a single test pair, so that no interval is known",
        "under: **cc-by-nc-4.0**",
        "If it is of the former: FaceForensics++ is given for research",
        "It began from random weights",
        "some frames are real, so these numbers are not those of whole fakes",
    ):
        assert said in text
    assert "plugin" not in text


def test_the_card_of_rendered_people_asks_nobody_for_leave(packed: Packed, runs: Path) -> None:
    own = read_packed(packed.folder / "config.json")
    rendered = replace(own, trained_on=replace(own.trained_on, dataset="Minicorpus-40"))
    text = write_card(rendered, read_run(find_run(runs, "s-mil")), "mit")
    assert "It was trained on Minicorpus-40, whose people are rendered, so the videos set no terms." in text
    assert "FaceForensics++ is given for research" not in text


def test_without_a_licence_the_card_says_that_there_is_none(runs: Path, tmp_path: Path) -> None:
    text = (pack(find_run(runs, "xn-avg"), tmp_path / "own").folder / "README.md").read_text("utf-8")
    head = yaml.safe_load(text.split("---\n")[1])
    assert (head["license"], head["license_name"]) == ("other", "unknown")
    assert "stated no licence" in text


@pytest.mark.parametrize("licence", ["", "my own", "a\nb: c", "x" * 65])
def test_what_is_no_name_of_a_licence_is_refused(runs: Path, tmp_path: Path, licence: str) -> None:
    with pytest.raises(ConfigError, match=r"license: .* is no name of a licence"):
        pack(find_run(runs, "s-mil"), tmp_path / "own", licence)


def test_a_packed_model_is_replaced_and_nothing_else(packed: Packed, runs: Path, tmp_path: Path) -> None:
    own = shutil.copytree(packed.folder, tmp_path / "own")
    pack(find_run(runs, "xn-avg"), own)
    assert open_model(own).method == "xn-avg"
    assert names_in(tmp_path) == ["own"]
    (own / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"own: has something else in it \(notes\.txt\); give another --out"):
        pack(find_run(runs, "s-mil"), own)
    (tmp_path / "empty").mkdir()
    assert pack(find_run(runs, "s-mil"), tmp_path / "empty").folder.is_dir()
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "README.md").write_text("mine")
    with pytest.raises(ConfigError, match="card: is no packed model"):
        pack(find_run(runs, "s-mil"), tmp_path / "card")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file: exists and is no folder"):
        pack(find_run(runs, "s-mil"), tmp_path / "file")
    with pytest.raises(ConfigError, match="has something else in it"):
        pack(find_run(runs, "s-mil"), runs)


def test_a_pack_that_ends_midway_leaves_the_old_one(
    packed: Packed, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shutil.copytree(packed.folder, tmp_path / "own")

    def fill_up(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(packing, "write_whole", fill_up)
    with pytest.raises(StorageError, match="No space left"):
        pack(find_run(runs, "xn-avg"), own)
    assert open_model(own).method == "s-mil"
    assert names_in(tmp_path) == ["own"]


def test_a_killed_pack_runs_again(packed: Packed, runs: Path, tmp_path: Path) -> None:
    (tmp_path / "own.partial").mkdir()
    (tmp_path / "own.partial" / "model.safetensors.12-ab.partial").write_bytes(b"half")
    shutil.copytree(packed.folder, tmp_path / "own.old.partial")
    assert open_model(pack(find_run(runs, "s-mil"), tmp_path / "own").folder).method == "s-mil"
    assert names_in(tmp_path) == ["own"]
    (tmp_path / "own.partial").mkdir()
    (tmp_path / "own.partial" / "thesis.tex").touch()
    with pytest.raises(ConfigError, match=r"own\.partial: is in the way and has something else in it \(thesis\.tex\)"):
        pack(find_run(runs, "s-mil"), tmp_path / "own")


def test_two_packs_do_not_share_a_folder(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, told = packing.write_whole, []

    def write_beside_another(path: Path, text: str) -> None:
        if not told:
            told.append(1)
            with pytest.raises(ConfigError, match=r"own: process \d+ on .+ packs into it; wait for it or give another"):
                pack(find_run(runs, "xn-avg"), tmp_path / "own")
        write(path, text)

    monkeypatch.setattr(packing, "write_card", lambda *_: "")  # a bootstrap each
    monkeypatch.setattr(packing, "write_whole", write_beside_another)
    pack(find_run(runs, "s-mil"), tmp_path / "own")
    assert told
    assert names_in(tmp_path) == ["own"]


def test_what_is_no_run_cannot_be_packed(packed: Packed, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is packed already"):
        pack(packed.folder, tmp_path / "own")
    with pytest.raises(ManifestError, match="nowhere: no run"):
        pack(tmp_path / "nowhere", tmp_path / "own")
    assert names_in(tmp_path) == []


def test_a_plugin_is_named_when_its_method_is_not_there(packed: Packed, tmp_path: Path) -> None:
    own = shutil.copytree(packed.folder, tmp_path / "own")
    about = json.loads((own / "config.json").read_text())
    about["plugin"], about["detector"]["method"] = "ffpms-median 1.2", "median"
    (own / "config.json").write_text(json.dumps(about))
    with pytest.raises(ManifestError, match=r"'median' is of the plugin 'ffpms-median 1\.2', which is not installed"):
        open_model(own)


def test_a_plugin_is_known_by_its_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert packed_detector.name_plugin("s-mil") == ""
    monkeypatch.setattr(packed_detector, "method", lambda _: type("Method", (), {"module": "yaml.nodes"}))
    assert packed_detector.name_plugin("median").lower().startswith("pyyaml ")


def test_the_command_packs_and_says_what_it_was_calibrated_on(
    ffpms: Callable[..., Result], runs: Path, tmp_path: Path
) -> None:
    done = ffpms("pack", find_run(runs, "s-mil"), "--out", tmp_path / "own")
    assert done.exit_code == 0, done.output
    assert "Calibrated on 2 real and 4 fake val videos" in done.output
    assert "No licence is stated" in done.output
    printed = ffpms("pack", find_run(runs, "s-mil"), "--out", tmp_path / "own", "--license", "mit", "--json")
    about = json.loads(printed.output)
    assert (about["license"], about["detector"]["method"]) == ("mit", "s-mil")
    wrong = ffpms("pack", tmp_path, "--out", tmp_path / "other")
    assert wrong.exit_code == 2
    assert wrong.output.count("\n") == 1
