"""The rate grid's scores, from faces embedded once, are those of the same mixes scored the plain way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.data.batches import BagDataset
from benchmark.data.face_cache import open_faces
from benchmark.train_config import TrainConfig
from benchmark.training.model import Model
from benchmark.training.predict import BagScore, make_scorer, predict
from benchmark.trials.rate_grid_scores import score_grid
from detectors import create, method, names
from ffpms.dataset.built_set import BuiltSet
from ffpms.protocol.rate_grid import mix_at_level
from tests.helpers.trials import CPU


@pytest.mark.parametrize("name", [n for n in names() if method(n).training_data == "bags"])
def test_a_grid_score_is_that_of_the_same_mix_scored_alone(built: Path, name: str) -> None:
    data, config = BuiltSet.load(built), TrainConfig(name, ("DF", "NT"), "tiny", precision="fp32")
    torch.manual_seed(0)
    model, read = Model(create(name, "tiny"), config, CPU), open_faces(data, None)
    fakes, reals = (data.pure("test", config.manipulations, fake)[:2] for fake in (True, False))
    grid = score_grid(data, fakes, reals, make_scorer(model, [*fakes, *reals], read))
    assert len(grid) == 2 * 5 * 21
    assert (grid["fake_rate"] * 20 - grid["n_fake"]).abs().max() < 1e-9
    videos = data.videos[data.videos["bag_id"].isin([bag.bag_id for bag in fakes])]
    frames = data.frames[data.frames["bag_id"].isin(videos["bag_id"])]
    for draw, level in ((0, 0), (1, 7), (4, 20)):
        bags = data.make_records(videos, mix_at_level(videos, frames, data.crops, data.grid, draw, level))
        assert all(sum(bag.frame_labels) == level for bag in bags)
        alone = {s.record.bag_id: s.video_logit for s in predict(model, BagDataset(read, bags))}
        ours = grid[(grid["draw"] == draw) & (grid["n_fake"] == level)].set_index("bag_id")["score"]
        np.testing.assert_allclose(ours[list(alone)], 1 / (1 + np.exp(-np.array(list(alone.values())))), atol=1e-5)


@pytest.mark.parametrize(("status", "rows"), [("no_face", 3), ("misaligned", 2)])
def test_a_faceless_fake_is_undecided_at_every_rate_and_one_that_was_not_built_has_no_row(
    built: Path, status: str, rows: int
) -> None:
    """As in the scores of the test set."""
    data = BuiltSet.load(built)
    fakes, reals = (data.pure("test", ("DF",), fake)[:3] for fake in (True, False))
    for bags in (fakes, reals):
        bags[1] = replace(bags[1].with_faces([]), status=status)
    grid = score_grid(data, fakes, reals, lambda bags: (BagScore(b, 3.0, [], []) for b in bags if b.crops))
    assert len(grid) == rows * 5 * 21
    lost = grid[grid["bag_id"] == fakes[1].bag_id]
    assert sorted(lost["n_fake"].unique()) == (list(range(21)) if status == "no_face" else [])
    assert (lost["score"] == 0.5).all()
    assert (lost["fake_rate"] * 20 == lost["n_fake"]).all()
    assert (grid.drop(lost.index)["score"] > 0.9).all()
    order = [bag.bag_id for bag in fakes if bag.crops or status == "no_face"]
    assert list(grid["bag_id"].unique()) == order


def test_a_mix_that_shows_no_face_is_undecided_too(built: Path) -> None:
    """Its real video has faces, its fake has none: at level 20 nothing is seen."""
    data = BuiltSet.load(built)
    fakes, reals = (data.pure("test", ("DF",), fake)[:1] for fake in (True, False))
    fakes[0] = fakes[0].with_faces([])
    grid = score_grid(data, fakes, reals, lambda bags: (BagScore(b, 3.0, [], []) for b in bags if b.crops))
    assert len(grid) == 5 * 21
    assert ((grid["score"] == 0.5) == (grid["n_fake"] == 20)).all()
