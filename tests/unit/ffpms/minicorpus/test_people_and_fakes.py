"""The embedded corpus: people, motion, fakes and FaceForensics++'s traps."""

import numpy as np
import pytest

from ffpms.errors import ConfigError
from ffpms.extraction.faces.detection import DlibFinder
from ffpms.minicorpus.corpus import CorpusConfig, plan_corpus
from ffpms.minicorpus.head_mesh import load_head
from ffpms.minicorpus.manipulations import Quality, RealFrame
from ffpms.minicorpus.pair import to_pixels
from ffpms.minicorpus.people import MIN_DIFFERENCE, choose_people, differences, make_geometry, min_difference
from ffpms.minicorpus.videos import VideoSpec, back_and_forth, make_subject, render_fakes, render_real
from ffpms.sources.ffpp import FAKES, kept_columns
from tests.helpers.corpus import as_picture

FIRST = VideoSpec(seed=3, n_frames=8, fps=25, size=(360, 270))
SECOND = VideoSpec(seed=6, n_frames=11, fps=30, size=(352, 264))


@pytest.fixture(scope="module")
def real_frames() -> list[np.ndarray]:
    return list(render_real(FIRST))


@pytest.fixture(scope="module")
def fakes(real_frames):  # type: ignore[no-untyped-def]
    made: dict[str, list] = {kind: [] for kind in FAKES}
    for kind, fake in render_fakes(FIRST, SECOND, real_frames, Quality(0.5)):
        made[kind].append(fake)
    return made


def test_lengths_are_those_of_faceforensics(fakes) -> None:  # type: ignore[no-untyped-def]
    assert {kind: len(frames) for kind, frames in fakes.items()} == {"DF": 8, "F2F": 11, "FS": 8, "NT": 8}


def test_outside_the_mask_a_fake_is_the_targets_frame(real_frames, fakes) -> None:  # type: ignore[no-untyped-def]
    for kind, frames in fakes.items():
        for i, fake in enumerate(frames):
            real = real_frames[back_and_forth(i, FIRST.n_frames) if kind == "F2F" else i].pixels
            untouched = fake.mask == 0
            assert np.array_equal(fake.pixels[untouched], real[untouched]), kind
            assert 0.002 < (~untouched).mean() < 0.3
            assert np.abs(fake.pixels - real)[~untouched].mean() > 1 / 255


def test_neural_textures_changes_least(fakes) -> None:  # type: ignore[no-untyped-def]
    area = {kind: np.mean([(f.mask > 0).mean() for f in frames]) for kind, frames in fakes.items()}
    assert area["NT"] < 0.5 * min(area["DF"], area["F2F"], area["FS"])


def test_a_difficult_fake_is_closer_to_its_real_frame(real_frames) -> None:  # type: ignore[no-untyped-def]
    def distance(difficulty: float) -> float:
        first = {k: f for k, f in list(render_fakes(FIRST, SECOND, real_frames, Quality(difficulty)))[:4]}  # noqa: C416
        return float(np.abs(first["NT"].pixels - real_frames[0].pixels).sum())

    assert distance(1.0) < distance(0.0)


def test_dlib_finds_every_head(real_frames) -> None:  # type: ignore[no-untyped-def]
    assert all(count_faces(real) == 1 for real in real_frames)


def test_a_bystander_is_a_second_face() -> None:
    spec = VideoSpec(seed=3, n_frames=2, fps=25, size=(360, 270), bystander=6)
    assert [count_faces(real) for real in render_real(spec)] == [2, 2]


def count_faces(real: RealFrame) -> int:
    return len(DlibFinder().everywhere(as_picture(to_pixels(real.pixels))))


def test_the_same_seed_gives_the_same_people_and_motion() -> None:
    assert choose_people(6, seed=1) == choose_people(6, seed=1) != choose_people(6, seed=2)
    again = VideoSpec(**vars(FIRST))
    make_subject.cache_clear()
    one, other = next(iter(render_real(FIRST))), next(iter(render_real(again)))
    assert np.array_equal(one.pixels, other.pixels)


def test_nobody_looks_alike_or_like_nobody() -> None:
    people = [make_geometry(seed) for seed in choose_people(20, seed=0)]
    faces, skins = (np.array([getattr(person, trait) for person in people]) for trait in ("face", "skin"))
    for i, person in enumerate(people):
        assert person.is_plausible
        assert (differences(person, faces[:i], skins[:i]) > MIN_DIFFERENCE).all()
        assert differences(person, faces, skins)[i] < 1e-9


def test_many_people_are_packed_closer_but_few_are_not() -> None:
    assert min_difference(6) == min_difference(40) == MIN_DIFFERENCE
    assert MIN_DIFFERENCE > min_difference(200) > min_difference(1000) > 0.7 * MIN_DIFFERENCE


def test_the_head_speaks_and_blinks() -> None:
    head = load_head()
    open_mouth = head.moved(head.rest, {"expr/jawOpen": 1.0})
    assert np.abs(open_mouth - head.rest).max() > 0.2
    motion = make_subject(VideoSpec(seed=3, n_frames=200, fps=25, size=(360, 270))).motion
    assert motion.expression["eyeBlinkLeft"].max() > 0.9
    assert 0.05 < motion.expression["jawOpen"].std() < 0.5
    assert all((w >= 0).all() and (w <= 1).all() for w in motion.expression.values())


@pytest.mark.parametrize(("width", "left", "kept"), [(360, 4, 352), (384, 0, 384), (352, 0, 352)])
def test_narrowed_methods_keep_the_middle_of_a_multiple_of_32(width: int, left: int, kept: int) -> None:
    assert kept_columns("DF", width) == (0, width)
    assert kept_columns("NT", width) == (left, kept)


def test_the_plan_pairs_everybody_once() -> None:
    specs, pairs = plan_corpus(CorpusConfig(identities=40))
    assert {split: len(members) for split, members in pairs.items()} == {"train": 12, "val": 4, "test": 4}
    ids = [i for members in pairs.values() for pair in members for i in pair]
    assert sorted(ids) == sorted(specs)
    assert len({spec.seed for spec in specs.values()}) == 40
    assert sum(spec.bystander is not None for spec in specs.values()) == 5
    assert all(60 <= spec.n_frames <= 90 for spec in specs.values())


@pytest.mark.parametrize(
    ("identities", "shares", "counts"),
    [
        (40, (3, 1, 1), (12, 4, 4)),
        (64, (3, 1, 4), (12, 4, 16)),
        (1000, (36, 7, 7), (360, 70, 70)),
        (6, (9, 1, 1), (1, 1, 1)),
    ],
)
def test_pairs_are_shared_out(identities: int, shares: tuple[int, int, int], counts: tuple[int, int, int]) -> None:
    _, pairs = plan_corpus(CorpusConfig(identities=identities, shares=shares))
    assert tuple(map(len, pairs.values())) == counts


@pytest.mark.parametrize(
    "wrong",
    [
        {"identities": 7},
        {"identities": 4},
        {"shortest": 9, "longest": 8},
        {"compressions": ("c99",)},
        {"difficulty": 2.0},
        {"shares": (3, 1)},
        {"shares": (3, 1, 0)},
        {"shares": ("3", "1", "x")},
    ],
)
def test_a_corpus_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        CorpusConfig(**wrong)  # type: ignore[arg-type]


def test_back_and_forth() -> None:
    """As Face2Face: frame n shows n up to N - 2, then 2N - 3 - n."""
    assert [back_and_forth(i, 4) for i in range(9)] == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    assert [back_and_forth(5, n) for n in (1, 2)] == [0, 0]
