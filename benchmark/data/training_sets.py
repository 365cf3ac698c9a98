"""Training and validation sets of a method.

They are bags with video labels, or real faces of a split and pseudo-fakes made of them, one for
each. In the second case no deepfake and no face of another split is ever seen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark.data.batches import BagDataset, FaceDataset, Forger
from benchmark.data.face_cache import Read
from benchmark.data.kept_forgeries import KeptDataset
from benchmark.train_config import TrainConfig
from detectors import method
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.schema import Split

Points = Mapping[str, np.ndarray]
"""A crop's path -> its landmarks, (68, 2) in px of the crop."""


def make_training_sets(
    data: BuiltSet, read: Read, config: TrainConfig, kept: Path | None = None
) -> tuple[BagDataset, BagDataset]:
    """Makes the set to train on, and the set to select the epoch on.

    Forgeries of the second are made once and kept in the folder ``kept``, if there is one.

    Raises:
        ManifestError: the method needs landmarks, and the set has none.
    """
    kind = method(config.method).training_data
    if kind == "bags":
        train, val = (_bags(data, read, config, split) for split in (Split.TRAIN, Split.VAL))
    else:
        train, val = (_pseudo_fakes(data, read, config, split, kept) for split in (Split.TRAIN, Split.VAL))
    return train, val


def takes_single_faces(config: TrainConfig) -> bool:
    """Whether a method is trained on single faces, and sees all of a video in an epoch."""
    return method(config.method).unit == "frame" and config.frame_faces == "all"


def part_size(config: TrainConfig) -> int:
    """Number of videos, or of single faces, of a batch that are computed at a time; 0 is all.

    As many faces stand for a video as a bag shows.
    """
    return config.micro_batch * (config.train_frames if takes_single_faces(config) else 1)


def _bags(data: BuiltSet, read: Read, config: TrainConfig, split: Split) -> BagDataset:
    """Makes a set of bags; in train, the replaced frames are drawn from the run's seed."""
    if split == Split.VAL:
        return BagDataset(read, data.bags(split, config.manipulations))
    bags = data.bags(split, config.manipulations, config.seed, config.train_mix)
    return _make_train_set(read, [bag for bag in bags if bag.crops], config)


def _make_train_set(read: Read, bags: list[BagRecord], config: TrainConfig, forge: Forger | None = None) -> BagDataset:
    """Makes a set whose items are single faces, or the faces drawn of a bag."""
    if takes_single_faces(config):
        return FaceDataset(read, bags, config.seed, forge)
    return BagDataset(read, bags, config.train_frames, config.seed, forge)


def _pseudo_fakes(data: BuiltSet, read: Read, config: TrainConfig, split: Split, kept: Path | None) -> BagDataset:
    """Makes a set of the split's real videos, each as it is and once more as a pseudo-fake."""
    points, kind = data.landmarks(), method(config.method).training_data
    reals = [_with_points(bag, points) for bag in data.bags(split, ()) if bag.label == 0]
    known = [bag for bag in reals if bag.crops]
    made = [
        replace(bag, bag_id=f"{bag.bag_id}-{kind}", label=1, fake_rate=1.0, frame_labels=(1,) * len(bag.crops))
        for bag in known
    ]
    own = {crop: points[crop] for bag in known for crop in bag.crops}
    forge: Forger = Blender(own, known, read) if kind == "blended" else _OF_ONE_FACE[kind](own)
    if split == Split.TRAIN:
        return _make_train_set(read, known + made, config, forge)
    if kept:
        return KeptDataset(read, known + made, config.seed, forge, kept)
    return BagDataset(read, known + made, None, config.seed, forge)


def _with_points(bag: BagRecord, points: Points) -> BagRecord:
    """Removes the faces without landmarks from a bag."""
    return bag.with_faces(face for face in bag.instances if face[3] in points)


@dataclass(frozen=True)
class Warper:
    """Warps faces (D-FWA).

    Brightness and the like vary in real faces and in pseudo-fakes alike.
    """

    points: Points

    def __call__(self, faces: np.ndarray, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        from benchmark.data.pseudo_fakes.colour import jitter
        from benchmark.data.pseudo_fakes.warping import warp_face

        shown = [jitter(face, draw) for face in faces]
        if bag.label:
            shown = [warp_face(face, self.points[bag.crops[i]], draw)[0] for face, i in zip(shown, chosen, strict=True)]
        return np.stack(shown)


@dataclass(frozen=True)
class SelfBlender:
    """Blends faces with themselves (SBI).

    A real face is one that could be a blend's background. So nothing but the blend tells both
    apart.
    """

    points: Points

    def __call__(self, faces: np.ndarray, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        from benchmark.data.pseudo_fakes.self_blending import make_source_and_target, self_blend, vary

        def made(face: np.ndarray, crop: str) -> np.ndarray:
            return self_blend(face, self.points[crop], draw)[0] if bag.label else make_source_and_target(face, draw)[1]

        return np.stack([vary(made(face, bag.crops[i]), draw) for face, i in zip(faces, chosen, strict=True)])


_OF_ONE_FACE: Mapping[str, Callable[[Points], Forger]] = {"warped": Warper, "self-blended": SelfBlender}
"""Kinds of training data whose fakes are made of one face each."""


class Blender:
    """Blends each face with the one of another video whose landmarks are nearest (Face X-ray)."""

    def __init__(self, points: Points, bags: list[BagRecord], read: Read) -> None:
        places = [(crop, bag.bag_id) for bag in bags for crop in bag.crops]
        self.crops = [crop for crop, _ in places]
        self.row = {crop: i for i, crop in enumerate(self.crops)}
        self.video = np.array([video for _, video in places])
        self.points = np.stack([points[crop] for crop in self.crops])
        self.read = read

    def __call__(self, faces: np.ndarray, bag: BagRecord, chosen: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        pairs = [self._one(face, bag.crops[i], bag.label, draw) for face, i in zip(faces, chosen, strict=True)]
        drawn = [np.dstack([face, np.rint(255 * boundary).astype(np.uint8)]) for face, boundary in pairs]
        return np.stack(drawn)  # (M, S, S, 4)

    def _one(self, face: np.ndarray, crop: str, label: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        from benchmark.data.pseudo_fakes.blending import blend
        from benchmark.data.pseudo_fakes.nearest import nearest_other

        if not label:
            return face, np.zeros(face.shape[:2], np.float32)
        own = self.row[crop]
        other = nearest_other(self.points, self.video, own, draw)
        return blend(face, self.points[own], self.read(self.crops[other]), self.points[other], draw)
