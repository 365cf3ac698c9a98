"""``ffpms minicorpus`` through the command line: the tree, its traps, and an interruption."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ffpms.extraction.decoding.probe import probe
from ffpms.extraction.decoding.wanted_frames import read_frames
from ffpms.protocol.splits import read_pairs
from ffpms.sources.corpora.ffpp import FAKES, FOLDERS
from tests.conftest import Command

FLAGS = ("--identities", 6, "--frames", "6-8", "--compression", "c40,c23,raw", "--workers", 1)
REAL = "original_sequences/youtube"
OTHERS = tuple(
    f"{a}.mp4" for pair in (("000", "001"), ("002", "003")) for a in (*pair, "_".join(pair), "_".join(pair[::-1]))
)
"""Ends of the videos of the train and val pairs."""


@pytest.fixture(scope="module")
def corpus(ffpms: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mini") / "tree"
    result = ffpms("minicorpus", "--out", out, *FLAGS, "--sheet", out.parent / "sheet.jpg")
    assert result.exit_code == 0, result.output
    assert "6 people; pairs: 1 train, 1 val, 1 test" in result.output
    return out


def content(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_layout_is_faceforensics(corpus: Path) -> None:
    pairs = read_pairs(corpus / "splits")
    expected = set()
    for a, b in (pair for members in pairs.values() for pair in members):
        for level in ("c40", "c23", "raw"):
            expected |= {f"{REAL}/{level}/videos/{i}.mp4" for i in (a, b)}
            for folder in (FOLDERS[kind] for kind in FAKES):
                expected |= {f"manipulated_sequences/{folder}/{level}/videos/{n}.mp4" for n in (f"{a}_{b}", f"{b}_{a}")}
        for folder in (FOLDERS[kind] for kind in FAKES):
            expected |= {f"manipulated_sequences/{folder}/masks/videos/{n}.mp4" for n in (f"{a}_{b}", f"{b}_{a}")}
    assert {str(p.relative_to(corpus)) for p in corpus.rglob("*.mp4")} == expected


@pytest.mark.parametrize(("level", "crf"), [("c40", 40), ("c23", 23), ("raw", 0)])
def test_the_encoding_is_faceforensics(corpus: Path, level: str, crf: int) -> None:
    about = probe(corpus / f"{REAL}/{level}/videos/000.mp4")
    assert (about.pix_fmt, about.crf) == ("yuv444p", crf)
    packet = (corpus / f"{REAL}/{level}/videos/000.mp4").read_bytes()
    assert b"keyint=250" in packet
    assert b"bframes=3" in packet or level == "raw"


def test_a_fake_carries_its_sources_rate(corpus: Path) -> None:
    rates = {i: probe(corpus / f"{REAL}/c40/videos/{i}.mp4").fps for i in ("000", "001", "002", "003", "004", "005")}
    assert len(set(rates.values())) == 2
    for path in corpus.glob("manipulated_sequences/*/c40/videos/*.mp4"):
        assert probe(path).fps == rates[path.stem.split("_")[1]], path


def test_outside_the_mask_a_fake_differs_by_no_more_than_compression(corpus: Path) -> None:
    for folder in (FOLDERS[kind] for kind in FAKES):
        name = corpus / "manipulated_sequences" / folder
        real = read_frames(corpus / f"{REAL}/raw/videos/000.mp4", [3])[3].astype(int)
        fake = read_frames(name / "raw/videos/000_001.mp4", [3])[3].astype(int)
        mask = read_frames(name / "masks/videos/000_001.mp4", [3])[3].mean(axis=2)
        left = (real.shape[1] - fake.shape[1]) // 2
        change = np.abs(fake - real[:, left : left + fake.shape[1]]).mean(axis=2)
        assert change[mask < 5].max() <= 4, folder
        assert change[mask > 250].mean() > 4 * change[mask < 5].mean(), folder


def test_killed_and_resumed_gives_the_same_bytes(ffpms: Command, corpus: Path, tmp_path: Path) -> None:
    """Of the test split alone: its one pair is killed on the way."""
    out, flags = tmp_path / "tree", (*FLAGS, "--split", "test")
    whole = {path: sha for path, sha in content(corpus).items() if not path.endswith(OTHERS)}
    command = [str(Path(sys.executable).with_name("ffpms")), "minicorpus", "--out", str(out), *map(str, flags)]
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None and len(list(out.rglob("*.mp4"))) < 10:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    n_videos = sum(path.endswith(".mp4") for path in whole)
    assert 10 <= len(list(out.rglob("*.mp4"))) < n_videos, "the kill came too late to test anything"
    assert ffpms("minicorpus", "--out", out, *flags).exit_code == 0
    assert content(out) == whole


def test_again_renders_nothing(ffpms: Command, corpus: Path) -> None:
    times = {p: p.stat().st_mtime_ns for p in corpus.rglob("*.mp4")}
    assert ffpms("minicorpus", "--out", corpus, *FLAGS).exit_code == 0
    assert {p: p.stat().st_mtime_ns for p in corpus.rglob("*.mp4")} == times


def test_another_corpus_or_something_else_is_not_overwritten(ffpms: Command, corpus: Path, tmp_path: Path) -> None:
    other = ffpms("minicorpus", "--out", corpus, *FLAGS, "--seed", 1)
    assert other.exit_code == 2
    assert "holds a corpus of other settings" in other.stderr
    (tmp_path / "thesis.tex").write_text("precious")
    assert ffpms("minicorpus", "--out", tmp_path, *FLAGS).exit_code == 2


def test_the_contact_sheet_is_a_picture(corpus: Path) -> None:
    from PIL import Image

    assert Image.open(corpus.parent / "sheet.jpg").size == (5 * 216, 3 * 2 * 162)
