"""Scores of fewer frames are those of the same bags with the other frames left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit

from benchmark.data.batches import BagDataset
from benchmark.data.face_cache import open_faces
from benchmark.train_config import TrainConfig
from benchmark.training.model import Model
from benchmark.training.predict import make_scorer, predict
from benchmark.trials.frame_subset_scores import frame_counts, score_fewer, take_frames
from detectors import create
from ffpms.dataset.built_set import BuiltSet
from tests.helpers.trials import CPU


@pytest.mark.parametrize("name", ["s-mil", "i3d"])
def test_a_score_of_fewer_frames_is_that_of_the_thinned_bag_alone(built: Path, name: str) -> None:
    data, config = BuiltSet.load(built), TrainConfig(name, ("DF", "NT"), "tiny", precision="fp32")
    torch.manual_seed(0)
    model, read = Model(create(name, "tiny"), config, CPU), open_faces(data, None)
    bags = data.bags("test", config.manipulations)[:3]
    score = make_scorer(model, bags, read)
    fewer = score_fewer(bags, 20, score)
    assert len(fewer) == 3 * 7
    thinned = [take_frames(bag, 4) for bag in bags]
    assert [len(bag.crops) for bag in thinned] == [4, 4, 4]
    alone = {s.record.bag_id: s.video_logit for s in predict(model, BagDataset(read, thinned))}
    whole = {s.record.bag_id: s.video_logit for s in score(bags)}
    for number, logits in ((4, alone), (20, whole)):
        ours = fewer[fewer["n_frames"] == number].set_index("bag_id")["score"]
        np.testing.assert_allclose(ours[list(logits)], expit(list(logits.values())), atol=1e-5)


def test_frames_are_evenly_spaced_and_a_video_keeps_its_label(built: Path) -> None:
    bag = next(b for b in BuiltSet.load(built).bags("test", ("DF",)) if b.label == 1)
    assert take_frames(bag, 5).slots == (2, 6, 10, 14, 18)
    assert take_frames(bag, 1).slots == (10,)
    assert take_frames(bag, 20) == bag
    assert take_frames(take_frames(bag, 5), 8) == take_frames(bag, 5)
    assert (take_frames(bag, 1).label, take_frames(bag, 1).fake_rate) == (bag.label, bag.fake_rate)


def test_all_faces_of_a_kept_frame_are_kept(built: Path) -> None:
    bag = BuiltSet.load(built).bags("test", ("DF",))[0]
    twice = bag.with_faces(sorted(bag.instances + [(slot, 1, *rest) for slot, _, *rest in bag.instances]))
    assert take_frames(twice, 2).slots == (5, 5, 15, 15)


def test_a_video_without_a_face_counts_as_undecided(built: Path) -> None:
    bag = replace(BuiltSet.load(built).bags("test", ("DF",))[0].with_faces([]), status="no_face")
    fewer = score_fewer([bag], 10, lambda bags: iter(()))
    assert list(fewer["n_frames"]) == list(frame_counts(10)) == [1, 2, 4, 8, 10]
    assert (fewer["score"] == 0.5).all()
