"""Timelines of test videos: in seconds, of videos that no score chose, with the rows that they draw."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from benchmark.experiments.catalogue import EXPERIMENTS
from benchmark.experiments.page import write_experiment
from benchmark.figures.timeline_picture import write_timelines
from benchmark.figures.timelines import N_FAKES, N_PROPOSALS, PROPOSAL, SCORE, TRUTH, collect_timelines
from benchmark.runs.folder import Run
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.slot_times import slot_times
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from tests.helpers.run_folders import run_of_set
from tests.helpers.scores import train_each
from tests.helpers.tiny_set import THREE_TESTED, edit, make_set

RECIPE = Recipe(manipulations=("DF", "F2F"), placement="segments", segments=(1, 3))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = make_set(tmp_path_factory.mktemp("segments") / "data", THREE_TESTED, BuildConfig(RECIPE, CropConfig(size=16)))
    edit(out, "sources", lambda sources: sources.assign(fps=25.0))
    return out


@pytest.fixture(scope="module")
def data(root: Path) -> BuiltSet:
    return BuiltSet.load(root)


def oracle(data: BuiltSet) -> Run:
    """A run whose frame scores are the labels."""
    run = run_of_set(data, "mil")
    return replace(run, scores=run.scores.assign(score=run.scores["y_true"].astype(float)))


def test_the_truth_is_that_of_the_set_in_seconds_and_an_oracle_proposes_it(data: BuiltSet) -> None:
    lines = collect_timelines([oracle(data)], data)
    assert lines.unit == "s"
    truth = lines.rows[lines.rows["what"] == TRUTH].reset_index(drop=True)
    expected = data.segments("test")
    expected = expected[expected["bag_id"].isin(lines.videos["bag_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(truth[["bag_id", "start_s", "end_s"]], expected[["bag_id", "start_s", "end_s"]])
    proposed = lines.rows[(lines.rows["what"] == PROPOSAL) & (lines.rows["value"] == 1)]
    keys = ["bag_id", "start_s", "end_s"]
    assert sorted(map(tuple, proposed[keys].to_numpy())) == sorted(map(tuple, expected[keys].to_numpy()))


def test_scores_are_those_of_the_run_each_in_its_slot(data: BuiltSet) -> None:
    run = run_of_set(data, "s-mil")
    lines = collect_timelines([run], data)
    slot_s = slot_times(data).set_index("bag_id")["slot_s"]
    own = lines.rows[lines.rows["what"] == SCORE]
    assert (own["end_s"] - own["start_s"]).to_numpy() == pytest.approx(own["bag_id"].map(slot_s))
    slots = (own["start_s"] / own["bag_id"].map(slot_s)).round().astype(int)
    faces = run.scores[run.scores["level"] == "frame"].set_index(["bag_id", "slot"])["score"]
    assert own["value"].tolist() == faces.loc[list(zip(own["bag_id"], slots, strict=True))].tolist()


def test_videos_are_chosen_by_their_segments_and_never_by_scores(data: BuiltSet) -> None:
    one, other = (collect_timelines([run_of_set(data, "s-mil", seed)], data).videos for seed in (0, 1))
    pd.testing.assert_frame_equal(one, other)
    fakes = one[one["n_segments"] > 0]
    assert (len(fakes), len(one)) == (N_FAKES, N_FAKES + 1)
    assert fakes["n_segments"].is_monotonic_increasing
    every = data.segments("test").groupby("bag_id").size()
    assert fakes["n_segments"].iloc[-1] == every.max()
    assert one["bag_id"].is_unique


def test_detectors_for_one_manipulation_are_one_row_of_which_each_draws_its_fakes(data: BuiltSet) -> None:
    """As with ``--train-on each``: no run scored the fakes of all, and none has to."""
    whole = run_of_set(data)
    lines, expected = collect_timelines(train_each(whole, data.manipulations), data), collect_timelines([whole], data)
    pd.testing.assert_frame_equal(lines.videos, expected.videos)
    pd.testing.assert_frame_equal(sort(lines.rows), sort(expected.rows))


def sort(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(list(rows), ignore_index=True)


def test_proposals_that_are_drawn_lie_apart_and_are_few(data: BuiltSet) -> None:
    rows = collect_timelines([run_of_set(data)], data).rows
    for _, own in rows[rows["what"] == PROPOSAL].groupby("bag_id"):
        assert 1 <= len(own) <= N_PROPOSALS
        assert own["value"].is_monotonic_decreasing, "the most confident comes first"
        in_time = own.sort_values("start_s")
        assert (in_time["end_s"].to_numpy()[:-1] <= in_time["start_s"].to_numpy()[1:]).all()


def test_a_proposal_may_be_drawn_that_overlaps_a_surer_one_which_is_not(data: BuiltSet) -> None:
    bag = collect_timelines([run_of_set(data)], data).videos["bag_id"].iloc[0]
    found = [(0.0, 4.0, 0.9), (3.0, 8.0, 0.8), (6.0, 9.0, 0.7)]
    proposals = pd.DataFrame([(bag, *one) for one in found], columns=["bag_id", "start", "end", "confidence"])
    rows = collect_timelines([replace(run_of_set(data), proposals=proposals)], data).rows
    drawn = rows[(rows["what"] == PROPOSAL) & (rows["bag_id"] == bag)]
    assert drawn["value"].tolist() == [0.9, 0.7]


def test_methods_with_the_same_frame_scores_are_one_line_and_seeds_too(data: BuiltSet) -> None:
    avg = [run_of_set(data, "xn-avg", seed) for seed in (0, 1)]
    settings = dict(avg[0].settings) | {"method": "xn-max"}
    twin = replace(avg[0], method="xn-max", run_id="xn-max-0", settings=settings)
    rows = collect_timelines([*avg, twin, run_of_set(data, "lstm")], data).rows
    assert [name for name in dict.fromkeys(rows["method"]) if name] == ["xn-avg, xn-max", "lstm"]
    per_slot = rows[(rows["what"] == SCORE) & (rows["method"] == "xn-avg, xn-max")]
    assert not per_slot.duplicated(["bag_id", "start_s"]).any(), "the first seed alone"


def test_without_a_frame_rate_times_are_slots_and_are_called_so(root: Path, tmp_path: Path) -> None:
    data = BuiltSet.load(root)
    sources = data.sources.assign(fps=np.nan)
    lines = collect_timelines([run_of_set(data)], replace(data, sources=sources))
    assert lines.unit == "slots"
    assert set(lines.videos["duration_s"]) == {20.0}
    truth = lines.rows[lines.rows["what"] == TRUTH]
    assert (truth[["start_s", "end_s"]] % 1 == 0).all(axis=None)


def test_the_page_shows_the_picture_with_its_rows_beside_it_and_the_tables(data: BuiltSet, tmp_path: Path) -> None:
    run = oracle(data)
    (tmp_path / "timelines-of old.png").touch()
    board, page = write_experiment(EXPERIMENTS["localisation"], [run], [], ["a note"], tmp_path, [data])
    assert {path.name for path in tmp_path.glob("timelines*")} == {"timelines.png", "timelines.csv"}
    assert Image.open(tmp_path / "timelines.png").size[0] > 1000
    assert len(pd.read_csv(tmp_path / "timelines.csv")) == len(collect_timelines([run], data).rows)
    assert "](timelines.png)" in page
    assert "Li 2020" not in page
    assert page.endswith(board.markdown())
    assert "from the most confident down, each that overlaps none taken before. The tables count all." in page
    for head in ("AP@0.5 ", "AP@0.75", "AP@0.95", "AR@50", "AR@5 ", "AUC"):
        assert f"| {head}" in page
    table = page.split("average precision (%) by IoU")[1].split("###")[0]
    (row,) = (line for line in table.splitlines() if line.startswith("| mil"))
    assert row.count("100.00") == 4, "an oracle's AP is 1 at every IoU"


def test_a_set_that_is_not_there_has_its_tables_and_no_picture(data: BuiltSet, tmp_path: Path) -> None:
    _, page = write_experiment(EXPERIMENTS["localisation"], [run_of_set(data)], [], [], tmp_path)
    assert "timelines" not in page
    assert "AP@0.5" in page


def test_runs_of_one_manipulation_each_have_tables_of_it(data: BuiltSet, tmp_path: Path) -> None:
    runs = []
    for kind in ("DF", "F2F"):
        run = run_of_set(data)
        kept = run.scores["manipulation"].isin(["original", kind])
        settings = dict(run.settings) | {"manipulations": [kind]}
        runs.append(replace(run, run_id=kind, manipulations=(kind,), settings=settings, scores=run.scores[kept]))
    _, page = write_experiment(EXPERIMENTS["localisation"], runs, [], [], tmp_path, [data])
    for kind in ("DF", "F2F"):
        assert f"by IoU, {data.name}, {kind}\n" in page


def test_a_face_that_is_lost_is_a_gap(root: Path, tmp_path: Path) -> None:
    data = BuiltSet.load(root)
    bag = collect_timelines([run_of_set(data)], data).videos["bag_id"].iloc[0]
    run = run_of_set(data)
    lost = (run.scores["bag_id"] == bag) & (run.scores["slot"] == 3)
    rows = collect_timelines([replace(run, scores=run.scores[~lost])], data).rows
    own = rows[(rows["bag_id"] == bag) & (rows["what"] == SCORE)]
    assert len(own) == 19


@pytest.mark.parametrize("names", [["s-mil"], ["s-mil", "xn-avg"]], ids=["one method", "two methods"])
def test_long_labels_leave_the_timelines_their_width(
    data: BuiltSet, tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {"backbone": "tf_efficientnet_lite0", "tune": "cached", "lr": 0.001, "batch_size": 3, "train_frames": 32}
    runs = [run_of_set(data, name) for name in names]
    runs[0] = replace(runs[0], settings=dict(runs[0].settings) | changed)
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path: (figure.draw_without_rendering(), drawn.append(figure)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_timelines(collect_timelines(runs, data), tmp_path / "timelines.png", "a title")
    (figure,) = drawn
    assert all(axes.get_position().width > 0.25 for axes in figure.axes), "two columns of a figure"
    labels = figure.axes[0].get_yticklabels()
    heights = [label.get_window_extent().height for label in labels]
    row = figure.axes[0].get_window_extent().height / (0.1 + len(labels))
    assert max(heights) <= row, "a label stays within its row"
    assert "batch_size=3" in labels[1].get_text()
