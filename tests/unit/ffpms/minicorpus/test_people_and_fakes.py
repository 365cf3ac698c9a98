"""The embedded corpus: people, motion, fakes and FaceForensics++'s traps."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ffpms import __version__
from ffpms.errors import ConfigError
from ffpms.extraction.faces.detection import DlibFinder
from ffpms.minicorpus.corpus import CorpusConfig, make_corpus, plan_corpus
from ffpms.minicorpus.head_mesh import load_head
from ffpms.minicorpus.manipulations import Quality, RealFrame
from ffpms.minicorpus.pair import to_pixels
from ffpms.minicorpus.people import MIN_DIFFERENCE, differences, iter_people, make_geometry, min_difference
from ffpms.minicorpus.videos import VideoSpec, back_and_forth, make_subject, render_fakes, render_real
from ffpms.protocol.published import published_videos
from ffpms.protocol.splits import Pairs, pairs_digest, read_pairs
from ffpms.sources.corpora.ffpp import FAKES, kept_columns
from ffpms.sources.corpora.minicorpus import read_tree
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
    assert list(iter_people(6, seed=1)) == list(iter_people(6, seed=1)) != list(iter_people(6, seed=2))
    again = VideoSpec(**vars(FIRST))
    make_subject.cache_clear()
    one, other = next(iter(render_real(FIRST))), next(iter(render_real(again)))
    assert np.array_equal(one.pixels, other.pixels)


def test_nobody_looks_alike_or_like_nobody() -> None:
    people = [make_geometry(seed) for seed in iter_people(20, seed=0)]
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
        (998, (36, 7, 7), (361, 69, 69)),
        (1000, None, (360, 70, 70)),
        (6, (9, 1, 1), (1, 1, 1)),
    ],
)
def test_pairs_are_shared_out(identities: int, shares: tuple[int, ...] | None, counts: tuple[int, int, int]) -> None:
    pairs = CorpusConfig(identities=identities, shares=shares).tree.pairs
    assert tuple(map(len, pairs.values())) == counts


@pytest.fixture(scope="module")
def thousand() -> Iterator[tuple[dict[str, VideoSpec], Pairs]]:
    """The plan of a thousand people; that they do not look alike costs seconds, and is tested with few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ffpms.minicorpus.corpus.iter_people", lambda count, _: iter(range(count)))
        yield plan_corpus(CorpusConfig(identities=1000, shortest=50, longest=100))


def test_a_thousand_have_the_pairs_and_the_lengths_of_faceforensics(thousand: tuple[Any, Pairs]) -> None:
    specs, pairs = thousand
    assert pairs == read_pairs()
    assert list(specs) == [f"{i:03d}" for i in range(1000)]
    ours = {name: spec.n_frames for name, spec in specs.items()}
    theirs = {name: published_videos()[f"original_{name}"].n_frames for name in ours}
    assert (min(ours.values()), max(ours.values())) == (50, 100)
    by_length = sorted(ours, key=lambda name: (theirs[name], ours[name]))
    assert [ours[name] for name in by_length] == sorted(ours.values()), "order and ties are kept"
    assert ours["000"] == 50 + round((396 - 287) / (1814 - 287) * 50)


def test_a_bystander_of_a_thousand_is_of_the_same_split_and_another_pair(thousand: tuple[Any, Pairs]) -> None:
    specs, pairs = thousand
    home = {int(i): (split, pair) for split, members in pairs.items() for pair in members for i in pair}
    seen = {int(name): spec.bystander for name, spec in specs.items() if spec.bystander is not None}
    assert len(seen) == 125
    for name, other in seen.items():
        assert home[name][0] == home[other][0]
        assert home[name][1] != home[other][1]


def test_shares_are_not_taken_beside_the_official_pairs() -> None:
    with pytest.raises(ConfigError, match=r"^shares: 1000 people have the 360, 70 and 70 pairs"):
        CorpusConfig(identities=1000, shares=(3, 1, 1))
    assert replace(CorpusConfig(), identities=1000).tree.shares is None


def test_people_who_are_chosen_by_one_product_are_those_of_every_distance() -> None:
    geometries = {seed: make_geometry(seed) for seed in range(1, 60)}
    chosen: list[int] = []
    for seed, person in geometries.items():
        others = [geometries[i] for i in chosen]
        faces, skins = np.array([o.face for o in others]), np.array([o.skin for o in others])
        if person.is_plausible and not (others and (differences(person, faces, skins) <= MIN_DIFFERENCE).any()):
            chosen.append(seed)
    assert len(chosen) < sum(person.is_plausible for person in geometries.values())
    assert list(iter_people(len(chosen), seed=0)) == chosen


def test_progress_is_of_people_then_of_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    def progress(items: Iterable[Any], total: int) -> Iterable[Any]:
        shown.append(total)
        return items

    monkeypatch.setattr("ffpms.minicorpus.corpus.render_pair", str)
    make_corpus(tmp_path / "tree", CorpusConfig(identities=8), progress=progress)
    assert shown == [8, 4]


def test_the_tree_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffpms.minicorpus.corpus.render_pair", str)
    config = CorpusConfig(identities=8, seed=2)
    pairs = make_corpus(tmp_path, config)
    about = json.loads((tmp_path / "corpus.json").read_text())
    assert "nobody in these videos exists" in about["rendered"]
    assert about["ffpms"] == __version__
    assert about["pairs"] == "neighbours: 2 train, 1 val, 1 test"
    assert about["pairs_sha256"] == pairs_digest(pairs) == pairs_digest(read_pairs(tmp_path / "splits"))
    assert read_tree(tmp_path) == config.tree


def test_an_older_tree_is_gone_on_with_by_the_same_settings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It recorded its settings alone, the oldest without shares."""
    monkeypatch.setattr("ffpms.minicorpus.corpus.render_pair", str)
    older = {"identities": 8, "shortest": 60, "longest": 90, "compressions": ["c40"], "difficulty": 0.4, "seed": 0}
    (tmp_path / "corpus.json").write_text(json.dumps(older))
    assert len(make_corpus(tmp_path, CorpusConfig(identities=8))["train"]) == 2
    assert json.loads((tmp_path / "corpus.json").read_text()) == older
    with pytest.raises(ConfigError, match="holds a corpus of other settings"):
        make_corpus(tmp_path, CorpusConfig(identities=8, shares=(1, 1, 1)))
    (tmp_path / "corpus.json").write_text(json.dumps(older | {"identities": 1000}))
    with pytest.raises(ConfigError, match="holds a corpus of other settings"):
        make_corpus(tmp_path, CorpusConfig(identities=1000))


def test_more_splits_and_levels_are_added_to_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is there already is not encoded again."""
    written: list[str] = []

    def write(path: Path, *_: object) -> None:
        written.append(str(path.relative_to(tmp_path)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    monkeypatch.setattr("ffpms.minicorpus.pair.write_video", write)
    people = CorpusConfig(identities=6, shortest=5, longest=5)
    make_corpus(tmp_path, replace(people, splits=("test",)))
    assert len(written) == 2 + 8 + 8
    make_corpus(tmp_path, replace(people, splits=("test", "val"), compressions=("c40", "c23")))
    assert len(written) == len(set(written)) == 2 * (2 + 8) + 8 + 2 * (2 + 8) + 8
    assert read_tree(tmp_path) == people.tree
    assert [len(pairs) for pairs in read_pairs(tmp_path / "splits").values()] == [1, 1, 1]


def test_a_record_that_a_killed_process_left_half_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ffpms.minicorpus.corpus.render_pair", str)
    (tmp_path / "corpus.json.123-89abcdef.partial").write_text("{")
    make_corpus(tmp_path, CorpusConfig(identities=8))
    assert {path.name for path in tmp_path.iterdir()} == {"corpus.json", "splits"}


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
        {"splits": ("dev",)},
    ],
)
def test_a_corpus_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        CorpusConfig(**wrong)  # type: ignore[arg-type]


def test_back_and_forth() -> None:
    """As Face2Face: frame n shows n up to N - 2, then 2N - 3 - n."""
    assert [back_and_forth(i, 4) for i in range(9)] == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    assert [back_and_forth(5, n) for n in (1, 2)] == [0, 0]
