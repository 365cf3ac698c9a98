"""Offsets in time are found in parts of a video, and none is claimed where nobody can tell."""

from pathlib import Path

import numpy as np
import pytest

from ffpms.extraction.alignment.offsets import Differences, best_offset, find_shift, is_clear
from ffpms.extraction.alignment.real_video import dense_sample, timing_sample
from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.alignment.timing import OFFSETS, SmallFrame, Surroundings
from ffpms.extraction.boxes import Box
from ffpms.extraction.decoding.wanted_frames import decode_all
from ffpms.schema import CONFIDENT
from tests.helpers.corpus import encode, portrait
from tests.unit.ffpms.extraction.alignment.test_registration import compare, noisy

N = 100


def seen(true: np.ndarray, noise: float = 0.0, speed: float = 1.5, seed: int = 0) -> Differences:
    """A real video that changes by ``speed`` levels a frame, and a fake with offset ``true[i]`` at frame i."""
    k = np.array(OFFSETS)
    rng = np.random.default_rng(seed)
    apart = np.abs(k[None] - true[:, None])
    cost = 3 + speed * apart + noise * rng.normal(size=apart.shape)
    motion = np.broadcast_to(speed * np.abs(k), apart.shape)
    return Differences(np.arange(len(true)), np.stack([cost, cost], -1), np.stack([motion, motion], -1))


def jump(offset: int, first: int, end: int = N) -> np.ndarray:
    frames = np.arange(N)
    return np.where((frames >= first) & (frames < end), offset, 0)


@pytest.mark.parametrize("offset", [-4, -3, -2, -1, 1, 2, 3, 4])
@pytest.mark.parametrize(("first", "end"), [(25, N), (50, N), (75, N), (0, 40), (33, 67)])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_jump_is_found_with_its_place_and_size(offset: int, first: int, end: int, noise: float) -> None:
    shift = find_shift(seen(jump(offset, first, end), noise))
    assert shift is not None
    assert (shift.offset, shift.starts, shift.ends) == (offset, first == 0, end == N)
    assert (shift.first, shift.last) == pytest.approx((first, end - 1), abs=4)
    assert shift.certainty >= CONFIDENT


def test_the_message_says_where() -> None:
    places = [(0, N), (0, 40), (33, 67), (75, N)]
    shifts = [find_shift(seen(jump(-3, first, end))) for first, end in places]
    assert [shift.describe("real") if shift else "" for shift in shifts] == [
        "-3 frames off real",
        "-3 frames off real up to frame 39",
        "-3 frames off real in frames 33 to 66",
        "-3 frames off real from frame 75 on",
    ]
    grown = find_shift(seen(jump(4, 50)))
    assert grown is not None
    assert grown.describe("real") == "+4 or more frames off real from frame 50 on"


def test_the_mean_over_a_video_hides_a_jump() -> None:
    """A tenth of the change shows: the mean of all frames is still least at 0."""
    late = seen(jump(3, 67))
    assert best_offset(late)[0] == 0
    assert find_shift(late) is not None


def test_the_sample_of_a_sound_video_is_clear_and_that_of_a_jump_is_not() -> None:
    sampled = np.array(timing_sample(range(2, N, 5)))
    for first, clear in [(N, True), (75, False), (50, False), (25, False)]:
        all_frames = seen(jump(3, first), 0.2)
        some = Differences(sampled, all_frames.cost[sampled], all_frames.motion[sampled])
        assert is_clear(some) is clear


@pytest.mark.parametrize("n", [16, 67, 144])
def test_sound_pairs_of_still_heads_raise_no_alarm(n: int) -> None:
    """Noise of 5 % of the change over four frames, a cost that rises by 2.5 % of it a frame."""
    distance, alarms = np.abs(np.array(OFFSETS)), 0
    for seed in range(50):
        noise = np.random.default_rng(seed).normal(0, 0.2, (n, 9, 2))
        cost = 3 + 0.1 * distance[None, :, None] + noise
        motion = np.broadcast_to(distance[None, :, None].astype(float), cost.shape)
        alarms += find_shift(Differences(np.arange(n), cost, motion)) is not None
    assert alarms <= 1


@pytest.mark.parametrize("n", [17, 25])
def test_a_codec_that_lags_for_a_moment_is_no_shift(n: int) -> None:
    """In short videos a part may have so few frames that it is one moment of the codec's."""
    moment = np.where((np.arange(n) >= 2) & (np.arange(n) < 8), 3, 0)
    assert find_shift(seen(moment, 0.5)) is None
    half = np.where(np.arange(n) < n // 2 + 1, 3, 0)
    assert find_shift(seen(half, 0.5)) is not None


def test_where_hardly_anything_moves_nobody_can_tell() -> None:
    """A fake that lags by 3 frames of a still picture: the differences are the codec's."""
    lagging = seen(np.full(N, 3), speed=0.1)
    assert best_offset(lagging) == (0, None)
    assert find_shift(lagging) is None
    clean = Differences(lagging.index, lagging.cost - lagging.cost.min(), lagging.motion)
    assert best_offset(clean) == (3, 1.0), "without any noise small changes count"


@pytest.mark.parametrize("seed", [0, 1])
def test_a_still_head_is_unknown_and_not_misaligned(tmp_path: Path, seed: int) -> None:
    """One picture with new noise in each frame, encoded twice."""
    videos = []
    for name in ("real", "fake"):
        path, first = tmp_path / f"{name}.mp4", 100 * seed + 50 * (name == "fake")
        encode(path, [noisy(portrait()[0], first + i) for i in range(25)])
        videos.append({i: SmallFrame.of(f.luma()) for i, f in decode_all(path, list(range(25)))})
    still = compare(videos[1], videos[0])
    assert best_offset(still)[1] is None
    assert find_shift(still) is None


def test_an_offset_must_show_outside_the_face() -> None:
    """A reenacted face may look like that of another time."""
    fooled = seen(jump(3, 50))
    fooled.cost[..., 1] = seen(jump(0, 0)).cost[..., 1]
    assert find_shift(fooled) is None


def test_frames_compared_one_by_one_come_from_all_of_a_video() -> None:
    assert dense_sample(240) == list(range(240))
    frames = dense_sample(1800)
    assert len(frames) == len(set(frames)) == 240
    assert (frames[0], frames[-1]) == (0, 1799)
    assert max(np.diff(frames)) < 1800 / 10


def test_nothing_is_known_of_a_face_at_the_edge_of_a_video() -> None:
    frames = {i: SmallFrame.of(np.zeros((90, 90), np.uint8)) for i in range(9)}
    assert Surroundings.of(frames, 4, Box(20, 20, 40, 40), Geometry(), (90, 90)) is not None
    assert Surroundings.of(frames, 3, Box(20, 20, 40, 40), Geometry(), (90, 90)) is None
