"""A small FF++-shaped tree for tests: ten people of the embedded corpus, and one of them alone."""

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from ffpms.extraction.decoding.decoded_frame import DecodedFrame
from ffpms.extraction.decoding.probe import VideoInfo
from ffpms.minicorpus.corpus import CorpusConfig, _claim, make_corpus, plan_corpus
from ffpms.minicorpus.encode import write_video
from ffpms.minicorpus.pair import to_pixels
from ffpms.minicorpus.videos import VideoSpec, render_real
from ffpms.protocol.plan import plan_slots
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import Pairs
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.listing import Layout, Source
from ffpms.sources.source_index import list_in

PAIRS = {
    "train": [("000", "001"), ("002", "003")],
    "val": [("004", "005")],
    "test": [("006", "007"), ("008", "009")],
}
FEW = {split: pairs[:1] for split, pairs in PAIRS.items()}
CONFIG = CorpusConfig(identities=10, shortest=24, longest=27)
FEWER = replace(CONFIG, identities=6)
PORTRAIT = VideoSpec(seed=3, n_frames=25, fps=25, size=(360, 270))
WIDTH, HEIGHT = PORTRAIT.size


def make_tree(root: Path) -> Path:
    """The ten people's videos, with two pairs for training and for testing; returns the root."""
    make_corpus(root, CONFIG, workers=2)
    write_splits(root / "splits", PAIRS)
    return root


def make_people(root: Path, tree: Path) -> None:
    """The corpus of the first six people. The videos of four are the tree's too, and are not rendered again."""
    root.mkdir(parents=True)
    _claim(root, FEWER)
    for path in tree.rglob("*.mp4"):
        if path.stem[:3] < "004":
            (root / path.relative_to(tree)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / path.relative_to(tree))
    make_corpus(root, FEWER)


@cache
def specs() -> dict[str, VideoSpec]:
    """Who is in which video of the tree."""
    return plan_corpus(CONFIG)[0]


def write_splits(folder: Path, pairs: dict[str, list[tuple[str, str]]]) -> None:
    """Pair files in the official format."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, members in pairs.items():
        (folder / f"{split}.json").write_text(json.dumps(members))


@cache
def portrait() -> tuple[np.ndarray, ...]:
    """25 frames of one person, (270, 360, 3) uint8."""
    return tuple(to_pixels(real.pixels) for real in render_real(PORTRAIT))


def encode(path: Path, frames: list[np.ndarray], crf: int = 40) -> None:
    """The frames as an mp4 in FF++'s encoding."""
    write_video(path, frames, 25, crf)


def as_picture(frame: np.ndarray) -> DecodedFrame:
    """An array, (H, W, 3) uint8, as if it had been decoded."""
    return DecodedFrame(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24"))


def about(**known: Any) -> VideoInfo:
    """A sound file of FaceForensics++, but for what is known of it."""
    return replace(VideoInfo(75, 854, 480, 25.0, "", "", 40.0, ""), **known)


def sources_in(layout: Layout, pairs: Pairs, recipe: Recipe, splits: tuple[str, ...]) -> list[Source]:
    """The files that a plan needs of an FF++ layout, in the plan's order."""
    names = plan_slots(pairs, recipe, splits)["bag_id"].unique()
    return list_in(layout, FFPP, Path(), pairs, recipe).sources(names)
