"""FaceForensics++: the rules of its files, on what they say of themselves; and its names on the command line."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ffpms.cli import main
from ffpms.errors import ConfigError
from ffpms.extraction.decoding.probe import VideoInfo
from ffpms.protocol.naming import name_mixed
from ffpms.protocol.plan import summarise_bags
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.set_settings import SetSettings
from ffpms.protocol.v1_manifest import write_manifest
from ffpms.schema import SOURCE
from ffpms.sources.corpora.ffpp import CORPUS, check_fake, official
from ffpms.sources.listing import Source
from tests.helpers.corpus import about


def source(manipulation: str, compression: str = "c40") -> Source:
    return Source(f"{manipulation}_1_2", "a.mp4", manipulation, "1_2", "1", "2", compression, "test")


def said(manipulation: str, fake: VideoInfo, target: VideoInfo | None, donor: VideoInfo | None) -> list[str]:
    return [f"{f.kind}: {f.what}" for f in check_fake(source(manipulation), fake, target, donor)]


@pytest.mark.parametrize(
    ("manipulation", "target", "donor", "right"),
    [("DF", 75, 66, 75), ("FSh", 60, 66, 60), ("DF", 60, 66, 60), ("F2F", 75, 66, 66), ("F2F", 60, 66, 66)]
    + [(m, *lengths) for m in ("FS", "NT") for lengths in ((75, 66, 66), (60, 66, 60))],
)
def test_lengths(manipulation: str, target: int, donor: int, right: int) -> None:
    reals = (about(n_frames=target), about(n_frames=donor))
    assert said(manipulation, about(n_frames=right), *reals) == []
    for wrong in {right - 1, right + 1, target, donor} - {right}:
        (line,) = said(manipulation, about(n_frames=wrong), *reals)
        assert line.startswith(f"length: {wrong} frames, not {right} (its ")


@pytest.mark.parametrize(("manipulation", "decides"), [("DF", "target"), ("F2F", "source")])
def test_the_real_video_that_decides_a_length_is_named(manipulation: str, decides: str) -> None:
    (line,) = said(manipulation, about(n_frames=9), about(), about())
    assert line == f"length: 9 frames, not 75 (its {decides} {'1' if decides == 'target' else '2'} has 75)"


@pytest.mark.parametrize(("manipulation", "n_findings"), [("DF", 0), ("F2F", 1), ("FS", 0), ("NT", 0)])
def test_a_real_video_that_cannot_be_read_decides_nothing(manipulation: str, n_findings: int) -> None:
    assert len(said(manipulation, about(n_frames=9, width=9), None, about())) == n_findings


@pytest.mark.parametrize(
    ("manipulation", "size", "right"),
    [
        *[(m, (854, 480), True) for m in ("DF", "F2F", "FS", "NT")],
        *[(m, (832, 480), m in ("F2F", "NT")) for m in ("DF", "F2F", "FS", "NT")],
        ("F2F", (768, 480), False),
        ("F2F", (832, 448), False),
        ("DF", (854, 448), False),
    ],
)
def test_sizes(manipulation: str, size: tuple[int, int], right: bool) -> None:
    lines = said(manipulation, about(width=size[0], height=size[1]), about(), about())
    assert lines == [] if right else lines[0].startswith(f"size: {size[0]}x{size[1]} px, not the 854x480")


@pytest.mark.parametrize(("width", "floored"), [(880, 864), (656, 640), (1270, 1248), (1264, 1248), (636, 608)])
def test_a_width_is_floored_to_a_multiple_of_32(width: int, floored: int) -> None:
    assert said("F2F", about(width=floored), about(width=width), about()) == []
    for wrong in (floored - 64, floored + 32):
        assert len(said("F2F", about(width=wrong), about(width=width), about())) == 1


@pytest.mark.parametrize("width", [1440, 864, 360])
def test_a_tree_of_others_may_floor_to_a_multiple_of_64(width: int) -> None:
    assert said("NT", about(width=width // 64 * 64), about(width=width), about()) == []
    assert len(said("DF", about(width=width // 64 * 64), about(width=width), about())) == 1


def test_a_width_that_is_a_multiple_of_32_stays() -> None:
    (line,) = said("NT", about(width=576), about(width=640), about())
    assert line == "size: 576x480 px, not the 640x480 of its target 1"


@pytest.mark.parametrize(("fps", "right"), [(25, True), (25.01, True), (30, False), (24, False), (0, False)])
def test_a_fake_has_its_sources_rate(fps: float, right: bool) -> None:
    lines = said("DF", about(fps=fps), about(fps=50), about(fps=25))
    assert lines == ([] if right else [f"frame_rate: {fps:g} frames a second, but its source 2 has 25"])


@pytest.mark.parametrize(
    ("compression", "crf", "right"),
    [
        *[("c40", crf, crf in (40, None)) for crf in (40, None, 0, 23)],
        *[("c23", crf, crf in (23, None)) for crf in (23, None, 40)],
        *[("raw", crf, crf in (0, None)) for crf in (0, None, 18, 23, 40)],
    ],
)
def test_compressions(compression: str, crf: float | None, right: bool) -> None:
    found = [f.what for f in CORPUS.check(source("DF", compression), about(crf=crf), None, None)]
    assert found == ([] if right else [f"encoded at crf {crf:g} in a {compression} folder"])


def test_the_paper_mixes_all_manipulations_in_the_order_of_the_tables() -> None:
    assert Recipe().manipulations == CORPUS.paper == tuple(CORPUS.manipulations)[:4]


@pytest.mark.parametrize("command", ["build", "plan", "verify"])
def test_the_flags_name_what_the_corpus_has(command: str) -> None:
    options = {option.name: option for option in main.commands[command].params}
    assert options["manipulations"].show_default == ",".join(CORPUS.paper)
    levels = [level for level in options["compression"].type.choices if level not in CORPUS.aliases]
    assert levels == list(CORPUS.crf)


@pytest.mark.parametrize(
    ("text", "codes"), [("NT,DF", ("DF", "NT")), ("faceswap, Face2Face", ("F2F", "FS")), ("DF,Deepfakes", ("DF",))]
)
def test_short_and_full_names_are_read(text: str, codes: tuple[str, ...]) -> None:
    assert CORPUS.parse_manipulations(text) == codes


@pytest.mark.parametrize(("text", "said"), [("DF,XX", "xx"), ("", "none"), (" , ", "none")])
def test_an_unknown_name_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^manipulations: {said}; choose from DF,F2F,FS,NT,FSh or their full names$"):
        CORPUS.parse_manipulations(text)


def test_faceshifter_is_built_by_those_who_name_it(tmp_path: Path) -> None:
    assert official("c23").path("FSh", "000_003") == "manipulated_sequences/FaceShifter/c23/videos/000_003.mp4"
    assert CORPUS.parse_manipulations("faceshifter,DF") == ("DF", "FSh")
    assert CORPUS.adopt(Recipe()).manipulations == ("DF", "F2F", "FS", "NT")
    recipe = replace(Recipe(), manipulations=("DF", "FSh"))
    slots = write_manifest(tmp_path, recipe)
    assert slots["bag_id"].str.startswith("FSh_").sum() == 140 * 20
    bags = summarise_bags(slots, recipe).assign(status="ok")
    own = name_mixed(SetSettings(recipe), bags, pd.DataFrame(columns=SOURCE.names))
    assert own.name == "FFPMS-custom"
    assert own.reasons[0] == "--manipulations DF,FSh is not v1's DF,F2F,FS,NT"


def test_masks_lie_beside_the_compression_levels() -> None:
    path = official("c23").path("F2F", "000_003")
    assert CORPUS.mask_path(path) == "manipulated_sequences/Face2Face/masks/videos/000_003.mp4"
