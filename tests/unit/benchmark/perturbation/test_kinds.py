"""Perturbations are the same for all faces of a bag, in every process, and grow with the level."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from benchmark.perturbation.kinds import KINDS, LEVELS, choose_kinds, perturb
from ffpms.dataset.bag import BagRecord
from ffpms.errors import ConfigError


def _bag(n_faces: int, tracks: tuple[int, ...] | None = None, name: str = "DF_004_005") -> BagRecord:
    places = tuple(range(n_faces))
    return BagRecord(name, "DF", "4", 1, 0.5, "ok", places, tracks or (0,) * n_faces, places, ("",) * n_faces, places)


def _faces(n: int, side: int = 64, moving: bool = True, motion: float = 3) -> np.ndarray:
    """Smooth pictures with all colours, alike as a video's frames are."""
    draw = np.random.default_rng(1)
    smooth = gaussian_filter(draw.normal(size=(n, side, side, 3)), (motion, 3, 3, 0))
    still = np.clip(128 + 900 * smooth, 0, 255).astype(np.uint8)
    return still if moving else np.repeat(still[:1], n, axis=0)


@pytest.mark.parametrize("kind", KINDS)
def test_each_level_changes_faces_more_than_the_one_before(kind: str) -> None:
    faces, bag = _faces(20), _bag(20)
    change = [np.abs(perturb(faces, bag, kind, level).astype(int) - faces).mean() for level in (0, *LEVELS)]
    assert change[0] == 0
    assert all(low < high for low, high in pairwise(change)), change


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "video"])
def test_equal_faces_of_a_bag_stay_equal_and_what_is_drawn_is_another_of_another_bag(kind: str) -> None:
    faces = _faces(4, moving=False)
    own = perturb(faces, _bag(4), kind, 3)
    assert (own == own[:1]).all()
    other = perturb(faces, _bag(4, name="DF_005_004"), kind, 3)
    assert (own == other).all() == (kind not in ("blocks", "noise"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "video"])
def test_a_face_gets_the_same_whatever_stands_beside_it(kind: str) -> None:
    faces = _faces(6)
    assert (perturb(faces, _bag(6), kind, 4)[2:4] == perturb(faces[2:4], _bag(2), kind, 4)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_each_person_is_perturbed_as_if_alone(kind: str) -> None:
    faces, tracks = _faces(6), (0, 1, 0, 1, 0, 1)
    both = perturb(faces, _bag(6, tracks), kind, 2)
    assert (both[::2] == perturb(faces[::2], _bag(3), kind, 2)).all()
    assert (both[1::2] == perturb(faces[1::2], _bag(3), kind, 2)).all()


@pytest.mark.parametrize("side", [15, 63])
@pytest.mark.parametrize("kind", KINDS)
def test_sides_may_be_odd_and_short(kind: str, side: int) -> None:
    changed = perturb(_faces(2, side), _bag(2), kind, 5)
    assert changed.shape == (2, side, side, 3)
    assert changed.dtype == np.uint8


def test_a_video_is_the_same_however_often_it_is_made() -> None:
    """With x264's assembler it was another nearly every time."""
    faces, bag = _faces(20, 224, motion=1), _bag(20)
    made = set()
    for number in range(3):
        rubbish = [np.random.default_rng(number).bytes(50_000 * (number + 1)) for _ in range(8)]
        made.add(perturb(faces, bag, "video", 1).tobytes())
        del rubbish
    assert len(made) == 1


def test_the_levels_are_the_published_ones() -> None:
    """What DeeperForensics-1.0's code does to a picture of 256 px."""

    def change(value: int, kind: str, level: int) -> np.ndarray:
        return perturb(np.full((1, 256, 256, 3), value, np.uint8), _bag(1), kind, level).astype(float)

    assert np.ptp(perturb(_faces(1), _bag(1), "saturation", 5), axis=-1).max() == 0
    assert np.abs(change(200, "contrast", 3) - 0.6 * 200).max() <= 1
    covered = int((change(0, "blocks", 1) == 128).all(axis=-1).sum())
    assert 12 * 64 <= covered <= 16 * 64
    luma = change(128, "noise", 4) @ (0.299, 0.587, 0.114)
    assert luma.std() == pytest.approx(255 * 0.01**0.5 * 255 / 219, rel=0.03)
    edge = np.zeros((1, 64, 64, 3), np.uint8)
    edge[:, :, 32:] = 255
    weights = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
    rise = 255 * np.cumsum(weights / weights.sum())
    assert np.abs(perturb(edge, _bag(1), "blur", 1)[0, 30, 29:36, 0] - rise).max() <= 1


def test_kinds_are_chosen_by_name() -> None:
    assert choose_kinds(["all"]) == tuple(KINDS)
    assert choose_kinds(["resize", "noise"]) == ("noise", "resize")
    with pytest.raises(ConfigError, match="perturb: no such kind: jpg; choose from all, saturation"):
        choose_kinds(["jpg"])
    with pytest.raises(ConfigError, match="no kind is named"):
        choose_kinds([])
