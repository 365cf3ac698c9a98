"""What may be called FFPMS or FF++, and the line that says why not; no pixels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.naming import SetName, explain_name, name_mixed, name_unmixed
from ffpms.protocol.plan import plan_slots, summarise_bags
from ffpms.protocol.published import CRF, read_published
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.rendered import CAVEAT, RenderedTree, settle_shares
from ffpms.protocol.set_settings import SetSettings
from ffpms.protocol.splits import Pairs, pairs_digest, read_pairs
from ffpms.protocol.v1_manifest import read_v1
from ffpms.schema import bag_key
from tests.helpers.corpus import PAIRS

V1 = SetSettings()
_FACTS = "the published length or size"


def genuine(compression: str = "c40") -> pd.DataFrame:
    """What a build measures of FaceForensics++'s own files, in the columns that matter."""
    rows = read_published().assign(crf=CRF[compression], status="ok", error="")
    return rows.assign(source_video=list(map(bag_key, rows["manipulation"], rows["video_id"])))


@pytest.fixture
def videos() -> pd.DataFrame:
    return summarise_bags(read_v1(), Recipe()).assign(status="ok")


@pytest.fixture
def sources() -> pd.DataFrame:
    return genuine()


def put(table: pd.DataFrame, name: str, **cells: Any) -> pd.DataFrame:
    """The table with other cells in the row of one video."""
    key = "source_video" if "source_video" in table else "bag_id"
    changed = table.copy()
    for column, value in cells.items():
        changed.loc[changed[key] == name, column] = value
    return changed


def with_recipe(**changes: Any) -> SetSettings:
    return replace(V1, recipe=replace(Recipe(), **changes))


def test_v1_of_the_published_videos_is_ffpms(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    assert name_mixed(V1, videos, sources) == SetName("FFPMS")
    assert name_mixed(V1, videos, sources[sources["split"] == "test"]) == SetName("FFPMS")
    assert name_mixed(replace(V1, crop=CropConfig(landmarks=True)), videos, sources).name == "FFPMS"


def test_faceless_videos_count_as_present(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    assert name_mixed(V1, put(videos, "DF_953_974", status="no_face"), sources).name == "FFPMS"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (with_recipe(seed=7), "--seed 7 is not v1's 2020"),
        (with_recipe(fraction=0.5), "--replace-fraction 0.5 is not v1's 0.25"),
        (with_recipe(replaced=(2, 5)), "--replace 2-5 is not v1's 1-19"),
        (with_recipe(placement="contiguous"), "--placement contiguous is not v1's random"),
        (with_recipe(frames_per_video=10, replaced=(1, 9)), "--frames 10 is not v1's 20"),
        (replace(V1, crop=CropConfig(size=112)), "--size 112 is not v1's 299"),
        (replace(V1, crop=CropConfig(finder="dlib+mtcnn", landmarks=True)), "--finder dlib+mtcnn is not v1's dlib"),
        (replace(V1, limit=140), "--limit 140 is not v1's"),
        (replace(V1, keep_unverified=True), "--keep-unverified is not v1's"),
        (replace(V1, pairs_sha256=pairs_digest(PAIRS)), "its split files are not those of FaceForensics++"),
    ],
)
def test_one_other_setting_is_custom(
    videos: pd.DataFrame, sources: pd.DataFrame, settings: SetSettings, said: str
) -> None:
    assert name_mixed(settings, videos, sources) == SetName("FFPMS-custom", (said,))


def test_fakes_in_segments_are_never_ffpms(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    own = name_mixed(with_recipe(placement="segments", segments=(1, 1)), videos, sources)
    said = ("--placement segments is not v1's random", "--segments 1-1 is not v1's")
    assert own == SetName("FFPMS-custom", said)


@pytest.mark.parametrize(("compression", "name"), [("raw", "FFPMS-c0-custom"), ("c23", "FFPMS-c23-custom")])
def test_another_compression_is_in_the_name(videos: pd.DataFrame, compression: str, name: str) -> None:
    own = name_mixed(with_recipe(compression=compression), videos, genuine(compression))
    assert own == SetName(name, (f"--compression {compression} is not v1's c40",))


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("original_000", {"n_frames": 303}, f"{_FACTS} (first original_000: 303 frames, not 396)"),
        ("F2F_953_974", {"width": 1248}, f"{_FACTS} (first F2F_953_974: 1248x720 px, not 1280x720)"),
        ("NT_953_974", {"height": 704}, f"{_FACTS} (first NT_953_974: 1280x704 px, not 1280x720)"),
        ("DF_953_974", {"crf": 23.0}, "the crf of c40 (first DF_953_974: 23)"),
        ("DF_953_974", {"crf": np.nan}, "the crf of c40 (first DF_953_974: it names none)"),
    ],
)
def test_one_video_that_is_not_the_published_one_is_custom(
    videos: pd.DataFrame, sources: pd.DataFrame, name: str, cells: dict[str, Any], said: str
) -> None:
    own = name_mixed(V1, videos, put(sources, name, **cells))
    assert own == SetName("FFPMS-custom", (f"1 of 700 test videos have not {said}",))


def test_videos_of_other_splits_may_be_any(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    assert name_mixed(V1, videos, put(sources, "original_071", n_frames=9)).name == "FFPMS"


def test_a_thousand_people_of_official_names_and_other_lengths_are_not_ffpms(
    videos: pd.DataFrame, sources: pd.DataFrame
) -> None:
    """As from ``ffpms minicorpus --identities 1000``, if somebody lost its ``corpus.json``."""
    lengths = np.random.default_rng(0).integers(60, 91, len(sources))
    own = name_mixed(V1, videos, sources.assign(n_frames=lengths, width=360, height=270))
    assert own.name == "FFPMS-custom"
    (said,) = own.reasons
    first = sources.index[sources["split"] == "test"][0]
    assert said.startswith("700 of 700 test videos have not the published length or size (first original_")
    assert f": {lengths[first]} frames, not " in said


def test_what_decides_the_labels_comes_first(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    mix = {"frames_per_video": 64, "replaced": (2, 5), "placement": "segments", "segments": (1, 3)}
    said = (
        "--placement segments is not v1's random",
        "--segments 1-3 is not v1's",
        "--replace 2-5 is not v1's 1-19",
        "--frames 64 is not v1's 20",
    )
    recipe = Recipe(**mix, seed=7)
    own = replace(rendered(40, shortest=70, longest=80, seed=3), recipe=recipe, pairs_sha256="other")
    assert name_mixed(own, videos, sources).reasons == (
        CAVEAT,
        *said,
        "videos of 70-80 frames are not the corpus's 60-90",
        "videos of --seed 3 are not the corpus's 0",
        "its split files are not those of its tree",
        "--seed 7 is not v1's 2020",
    )
    filmed = name_mixed(replace(V1, recipe=recipe, pairs_sha256="other"), videos, sources)
    assert filmed.reasons[:5] == (*said, "its split files are not those of FaceForensics++")
    celeb = name_mixed(replace(V1, recipe=recipe, title="Celeb-DF", crop=CropConfig(size=64)), videos, sources)
    assert celeb.reasons[:4] == said


def test_an_unverified_fake_is_custom_in_any_split(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    kept = replace(V1, keep_unverified=True)
    for name in ("F2F_953_974", "F2F_071_054"):
        own = name_mixed(kept, videos, put(sources, name, status="unverified"))
        assert own.name == "FFPMS-custom"
        assert f"1 of 5000 videos are unverified (first {name})" in own.reasons


def test_a_lost_bag_is_custom(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    own = name_mixed(V1, videos[videos["bag_id"] != "DF_953_974"], sources)
    assert own == SetName("FFPMS-custom", ("1 of 700 test bags are not in it (first DF_953_974)",))
    own = name_mixed(V1, put(videos, "DF_953_974", status="missing"), put(sources, "DF_953_974", n_frames=0))
    assert own == SetName("FFPMS-custom", ("1 of 700 test bags cannot be used (first DF_953_974: missing)",))
    own = name_mixed(V1, videos, sources[sources["source_video"] != "DF_953_974"])
    assert own.reasons == ("1 of 700 test videos are not in sources.parquet (first DF_953_974)",)
    train = videos.assign(split="train")
    assert name_mixed(V1, train, sources) == SetName("FFPMS-custom", ("it has no test split",))


def test_fewer_manipulations_lack_no_bag_of_theirs(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    settings = with_recipe(manipulations=("DF",))
    own = name_mixed(settings, videos[videos["manipulation"].isin(["original", "DF"])], sources)
    assert own.reasons == ("--manipulations DF is not v1's DF,F2F,FS,NT",)


def test_other_people_s_files_are_not_compared_with_the_published(sources: pd.DataFrame) -> None:
    pairs: Pairs = PAIRS
    bags = summarise_bags(plan_slots(pairs, Recipe(), ("test",)), Recipe()).assign(status="ok")
    own = name_mixed(replace(V1, pairs_sha256=pairs_digest(pairs)), bags, sources)
    assert own.reasons == ("its split files are not those of FaceForensics++",)


@pytest.mark.parametrize(("compression", "name"), [("raw", "FF++-c0"), ("c23", "FF++-c23"), ("c40", "FF++-c40")])
def test_unmixed_it_is_faceforensics_whatever_the_mix(videos: pd.DataFrame, compression: str, name: str) -> None:
    mix: dict[str, Any] = {"seed": 7, "placement": "segments", "segments": (2, 3), "replaced": (3, 5), "fraction": 0.5}
    settings = with_recipe(compression=compression, **mix)
    sources = genuine(compression)
    assert name_unmixed(settings, videos, sources) == SetName(name)
    other = "c23" if compression == "c40" else "c40"
    for odd in (
        (replace(settings, pairs_sha256="0"), videos, sources),
        (replace(settings, crop=CropConfig(size=112)), videos, sources),
        (replace(settings, keep_unverified=True), videos, sources),
        (with_recipe(compression=compression, frames_per_video=10, replaced=(1, 9)), videos, sources),
        (settings, videos[1:], sources),
        (settings, put(videos, "DF_953_974", status="unreadable"), sources),
        (settings, videos, put(sources, "DF_953_974", n_frames=7)),
        (settings, videos, put(sources, "DF_953_974", status="unverified")),
        (settings, videos, genuine(other)),
    ):
        own = name_unmixed(*odd)
        assert (own.name, len(own.reasons)) == (f"{name}-custom", 1)


def test_a_line_gives_three_reasons_and_counts_the_others() -> None:
    assert explain_name("FFPMS-custom", "abc") == "FFPMS-custom: a; b; c"
    assert explain_name("FFPMS-custom", "abcd") == "FFPMS-custom: a; b; c; and 1 more reason"
    assert explain_name("FFPMS-custom", "abcde") == "FFPMS-custom: a; b; c; and 2 more reasons"


def test_the_defaults_are_v1_s() -> None:
    assert SetSettings(pairs_sha256=pairs_digest(read_pairs())) == V1


def rendered(n: int = 1000, **tree: Any) -> SetSettings:
    """A build with default settings of a tree that was rendered with the command's defaults, but for some."""
    own = RenderedTree(n, **({"shares": settle_shares(n, None)} | tree))
    return replace(V1, title="", rendered=own, pairs_sha256=pairs_digest(own.pairs))


def test_sets_of_a_rendered_tree_are_named_after_it(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    """No number of people, no published length and no mode makes one of them FFPMS or FF++."""
    assert name_mixed(rendered(), videos, sources) == SetName("Minicorpus-1000", (CAVEAT,))
    assert name_unmixed(rendered(), videos, sources) == SetName("Minicorpus-1000-whole", (CAVEAT,))
    assert name_mixed(rendered(40), videos, sources) == SetName("Minicorpus-40", (CAVEAT,))
    raw = replace(rendered(40), recipe=Recipe(compression="raw"))
    assert name_mixed(raw, videos, sources).name == "Minicorpus-40-c0"
    assert name_unmixed(raw, videos, sources).name == "Minicorpus-40-c0-whole"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (rendered(40, shortest=24, longest=27), "videos of 24-27 frames are not the corpus's 60-90"),
        (rendered(40, difficulty=0.9), "videos of --difficulty 0.9 are not the corpus's 0.4"),
        (rendered(40, seed=3), "videos of --seed 3 are not the corpus's 0"),
        (rendered(40, shares=(3, 1, 4)), "videos of --shares 3,1,4 are not the corpus's 3,1,1"),
        (rendered(shares=(3, 1, 1)), "it has not the pairs and lengths of FaceForensics++"),
        (replace(rendered(40), pairs_sha256="other"), "its split files are not those of its tree"),
        (replace(rendered(40), limit=8), "--limit 8 is not v1's"),
        (replace(rendered(40), whole=True), "--whole is not v1's"),
        (replace(rendered(40), keep_unverified=True), "--keep-unverified is not v1's"),
        (replace(rendered(40), crop=CropConfig(margin=1.5)), "--margin 1.5 is not v1's 1.3"),
        (replace(rendered(40), recipe=Recipe(manipulations=("DF",))), "--manipulations DF is not v1's"),
    ],
)
def test_other_settings_than_the_defaults_are_a_custom_rendered_set(
    videos: pd.DataFrame, sources: pd.DataFrame, settings: SetSettings, said: str
) -> None:
    own = name_mixed(settings, videos, sources)
    assert own.name == f"Minicorpus-{settings.rendered and settings.rendered.identities}-custom"
    assert own.reasons[0] == CAVEAT
    (why,) = own.reasons[1:]
    assert why.startswith(said)


def test_the_size_of_crops_and_how_a_whole_set_was_mixed_are_free(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    small = replace(rendered(40), crop=CropConfig(size=64))
    assert name_mixed(small, videos, sources).name == "Minicorpus-40"
    mixed = replace(rendered(40), recipe=Recipe(seed=7))
    assert name_mixed(mixed, videos, sources).name == "Minicorpus-40-custom"
    assert name_unmixed(mixed, videos, sources).name == "Minicorpus-40-whole"


def test_a_rendered_set_without_all_its_test_bags_is_custom(videos: pd.DataFrame, sources: pd.DataFrame) -> None:
    lost = name_mixed(rendered(), put(videos, "DF_953_974", status="missing"), sources)
    assert lost == SetName(
        "Minicorpus-1000-custom", (CAVEAT, "1 of 700 test bags cannot be used (first DF_953_974: missing)")
    )
    train = videos[videos["split"] != "test"]
    assert name_mixed(rendered(), train, sources).reasons == (CAVEAT, "it has no test split")
