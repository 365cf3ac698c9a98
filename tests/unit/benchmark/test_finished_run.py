"""A finished run opened again: its detector gives the stored scores."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

import benchmark
import ffpms
from benchmark import TrainConfig, TrainedRun, open_run
from benchmark.trials import trial
from detectors import create
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, ManifestError, StorageError
from ffpms.protocol.crop_config import CropConfig
from ffpms.schema import SCORE
from tests.conftest import Command
from tests.helpers.crowds import crowd
from tests.helpers.submissions import Submit
from tests.helpers.tiny_set import CONFIG, PAIRS, add_landmarks, make_set

METHODS = ("s-mil", "xn-avg", "xn-max", "lstm", "d-fwa")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> BuiltSet:
    """Squares for faces, and landmarks."""
    config = BuildConfig(CONFIG.recipe, CropConfig(size=64))
    return ffpms.load(add_landmarks(make_set(tmp_path_factory.mktemp("set"), PAIRS, config)))


@pytest.fixture(scope="module")
def runs(data: BuiltSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run a method, one with options, another size of faces and a backbone kept as it is."""
    out = tmp_path_factory.mktemp("runs")
    configs = [TrainConfig(name, backbone="tiny", epochs=1, train_frames=3, batch_size=4) for name in METHODS]
    configs[0] = replace(configs[0], options=("filters=8",), input_size=32, tune="none")
    assert benchmark.train(data, configs, out).failures == []
    return out


def find(runs: Path, method: str) -> Path:
    """The folder of a method's run."""
    (folder,) = runs.glob(f"{method}-*/DONE")
    return folder.parent


@pytest.fixture
def run(runs: Path, tmp_path: Path) -> TrainedRun:
    """A copy of a run, to be damaged."""
    folder = find(runs, "s-mil")
    return open_run(shutil.copytree(folder, tmp_path / folder.name))


def test_a_run_knows_its_methods_own_defaults_and_its_label_says_what_differs(runs: Path) -> None:
    assert open_run(find(runs, "d-fwa")).defaults == {"backbone": "resnet50", "tune": "all", "options": []}
    own = {label.partition(" ")[0]: label for label in benchmark.leaderboard(runs)["method"]}
    assert own["lstm"] == "lstm [backbone=tiny, epochs=1, batch_size=4, train_frames=3]"
    assert own["s-mil"].startswith("s-mil [backbone=tiny, input_size=32, tune=none, filters=8, ")


def test_a_label_says_what_a_set_of_the_official_name_lacks_and_how_small_its_faces_are(
    data: BuiltSet, tmp_path: Path
) -> None:
    """I3D is made for 224 px. ``tiny`` of other methods takes any size."""
    official = replace(data, name="FFPMS", reasons=())
    config = TrainConfig("i3d", backbone="tiny", epochs=1, train_frames=3)
    (run,) = benchmark.train(official, config, tmp_path).runs
    assert (run.shown, run.lacks) == (64, ("2160 of 2160 train videos", "420 of 420 val videos"))
    (label,) = set(benchmark.leaderboard(tmp_path).query("source == 'ours'")["method"])
    said = "train_on=DF+F2F, lacks 2160 of 2160 train videos, lacks 420 of 420 val videos"
    assert label == f"i3d [backbone=tiny, input_size=64, epochs=1, train_frames=3, {said}]"


@pytest.mark.parametrize("method", METHODS)
def test_a_run_gives_its_stored_scores_again(runs: Path, data: BuiltSet, method: str) -> None:
    run = open_run(str(find(runs, method)))
    stored = pd.read_parquet(find(runs, method) / "scores.parquet")
    pd.testing.assert_frame_equal(run.scores, stored)
    again = run.score(data.bags("test"))
    assert list(again.columns) == SCORE.names
    pd.testing.assert_frame_equal(again, stored, check_exact=False, rtol=0, atol=1e-6)
    pd.testing.assert_frame_equal(run.score(data.bags("val")), run.val, check_exact=False, rtol=0, atol=1e-6)


def test_some_bags_get_the_scores_that_they_have_among_all(runs: Path, data: BuiltSet) -> None:
    run = open_run(find(runs, "s-mil"))
    some = [bag for bag in data.bags("test", "F2F") if bag.label == 1][:1]
    expected = run.scores[run.scores["bag_id"] == some[0].bag_id].reset_index(drop=True)
    pd.testing.assert_frame_equal(run.score(some), expected, check_exact=False, rtol=0, atol=1e-6)


def test_the_detector_is_a_torch_module_ready_to_use(runs: Path) -> None:
    state = torch.get_rng_state()
    detector = open_run(find(runs, "s-mil")).detector
    assert isinstance(detector, torch.nn.Module)
    assert not detector.training
    assert torch.equal(torch.get_rng_state(), state), "opening a run draws no numbers of its caller's"


def test_no_pretrained_weights_are_fetched(run: TrainedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(trial, "create", lambda *arguments: asked.append(arguments) or create(*arguments))
    assert "pretrained = true" in (run.folder / "config.toml").read_text()
    assert run.detector is not None
    assert asked == [("s-mil", "tiny", False, None, 32, {"filters": "8"})]


def test_bags_without_a_face_score_a_half(run: TrainedRun, data: BuiltSet) -> None:
    bag = replace(data.bags("test")[0].with_faces([]), status="no_face")
    rows = run.score([bag])
    assert rows["score"].tolist() == [0.5]
    assert run.score([]).empty


def test_a_bag_of_several_people_is_scored_but_not_by_a_method_that_sees_the_order(runs: Path, data: BuiltSet) -> None:
    bags = [data.bags("test")[0], crowd(data.bags("test")[1], 3)]
    rows = open_run(find(runs, "s-mil")).score(bags)
    assert rows.groupby("bag_id", sort=False).size().tolist() == [1 + 4, 1 + 12]
    with pytest.raises(ConfigError, match=r"lstm: .*several people in a frame"):
        open_run(find(runs, "lstm")).score(bags)
    assert len(open_run(find(runs, "lstm")).score(bags[:1])) == 1 + 4


def test_bags_of_two_sets_are_an_error(run: TrainedRun, data: BuiltSet, whole: Path) -> None:
    with pytest.raises(ConfigError, match="several sets"):
        run.score([*data.bags("test"), *ffpms.load(whole).bags("test")])


def test_mixed_and_unmixed_bags_of_a_folder_are_two_sets(run: TrainedRun, data: BuiltSet) -> None:
    unmixed = ffpms.load(data.root, unmixed=True)
    with pytest.raises(ConfigError, match="several sets"):
        run.score([*data.bags("test"), *unmixed.bags("test")])


def test_one_bag_is_scored_and_what_is_no_bag_is_refused(run: TrainedRun, data: BuiltSet) -> None:
    bag = data.bags("test")[0]
    pd.testing.assert_frame_equal(run.score(bag), run.score([bag]))
    with pytest.raises(ConfigError, match="'DF_004_005' is no bag"):
        run.score(["DF_004_005"])  # type: ignore[list-item]


def test_what_is_no_finished_run_is_one_line(run: TrainedRun, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no run"):
        open_run(tmp_path / "nowhere")
    with pytest.raises(ManifestError, match="no run"):
        open_run(tmp_path)
    (run.folder / "DONE").unlink()
    with pytest.raises(ManifestError, match="not finished"):
        open_run(run.folder)
    (run.folder / "FAILED").write_text("out of memory\n")
    with pytest.raises(ManifestError, match=r"failed \(out of memory\)"):
        open_run(run.folder)


def test_lost_and_damaged_weights_are_one_line(run: TrainedRun, data: BuiltSet) -> None:
    weights = run.folder / "best.safetensors"
    weights.write_bytes(b"no weights")
    with pytest.raises(ManifestError, match=r"best\.safetensors: not the weights"):
        open_run(run.folder).score(data.bags("test"))
    weights.unlink()
    with pytest.raises(ManifestError, match=r"best\.safetensors: not found"):
        _ = open_run(run.folder).detector
    assert len(open_run(run.folder).scores), "the stored scores are there without them"


def test_another_tools_run_has_scores_but_no_detector(
    submit: Submit, ffpms: Command, runs: Path, data: BuiltSet, tmp_path: Path
) -> None:
    scores = pd.read_parquet(find(runs, "s-mil") / "scores.parquet")[["bag_id", "slot", "track_id", "score"]]
    assert submit(scores, "--data", data.root).exit_code == 0
    run = open_run(next((tmp_path / "runs").glob("my-tool-*")))
    assert len(run.scores) == len(scores)
    with pytest.raises(ConfigError, match="another tool's scores"):
        run.score(data.bags("test"))


def test_the_leaderboard_is_of_a_folder_or_of_runs(runs: Path, tmp_path: Path) -> None:
    cells = benchmark.leaderboard(str(runs))
    pd.testing.assert_frame_equal(cells, benchmark.make_board(benchmark.read_runs(str(runs))).cells)
    assert {label.partition(" [")[0] for label in cells["method"]} >= {"s-mil", "xn-max"}
    own = benchmark.make_board([open_run(find(runs, "lstm"))])
    assert len(own.cells) < len(cells)
    with pytest.raises(ManifestError, match="nowhere: no such folder"):
        benchmark.leaderboard(tmp_path / "nowhere")


def test_a_run_counts_once_on_a_board(run: TrainedRun) -> None:
    once = benchmark.make_board(run).cells
    pd.testing.assert_frame_equal(benchmark.make_board([run, run]).cells, once)


def test_what_a_board_cannot_write_is_refused(run: TrainedRun, tmp_path: Path) -> None:
    board = benchmark.make_board(run)
    assert [path.name for path in board.write(tmp_path / "one", "md")] == ["leaderboard.md"]
    with pytest.raises(ConfigError, match="csvv; choose from csv,md"):
        board.write(tmp_path / "two", ("csvv",))
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        board.write(tmp_path / "file")


def test_training_takes_the_configurations_own_manipulations_and_seed(data: BuiltSet, tmp_path: Path) -> None:
    config = TrainConfig("xn-avg", ("DF",), "tiny", epochs=1, train_frames=3, batch_size=4, seed=3)
    (run,) = benchmark.train(data, config, tmp_path).runs
    assert (run.manipulations, run.seed) == (("DF",), 3)
    (again,) = benchmark.train(data, config, tmp_path, seeds=[4]).runs
    assert again.seed == 4
    with pytest.raises(ConfigError, match=r"XX not in .*; choose from DF, F2F"):
        benchmark.train(data, replace(config, manipulations=("XX",)), tmp_path)


def test_metrics_and_statistics_are_there_without_an_import_of_their_own() -> None:
    code = "import benchmark; print(benchmark.metrics.auc([0, 1], [0.1, 0.9]), benchmark.stats.mcnemar(9, 1) < 0.05)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0 True\n"
