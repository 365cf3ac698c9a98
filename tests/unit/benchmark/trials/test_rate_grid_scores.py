"""The rate grid's scores, from faces embedded once, are those of the same mixes scored the plain way."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.data.batches import BagDataset
from benchmark.data.face_cache import open_faces
from benchmark.train_config import TrainConfig
from benchmark.training.model import Model
from benchmark.training.predict import make_scorer, predict
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
