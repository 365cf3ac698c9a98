"""How quick a build is beside decoding alone, and beside a plain loop, in one run on the same files.

``pytest -m bench -s`` prints the figures of docs/benchmarks.md at 450 frames; the suite runs shorter videos.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ffpms.extraction.shards import read_shard
from ffpms.extraction.target import run_job
from ffpms.extraction.target_job import TargetJob
from ffpms.protocol.crop_config import CropConfig
from ffpms.schema import ORIGINAL, bag_key
from ffpms.sources.corpora.ffpp import FAKES, official
from ffpms.sources.listing import Source
from tests.bench.clips import make_target
from tests.bench.plain_loop import PlainLoop

resource = pytest.importorskip("resource", reason="Windows does not count what a process's children spent")

LONG = bool(os.environ.get("FFPMS_BENCH"))
SAMPLED = 20
N_ROUNDS = 5 if LONG else 2


class Clip(NamedTuple):
    """Videos of a size and length, and how long a build of them may take, in times of their decoding.

    The limits are those of a busy machine: they tell that something has become slow.
    """

    size: tuple[int, int]
    n_frames: int
    limit: float


SHORT = Clip((640, 480), 150, 1.4)
CLIPS = [Clip((640, 480), 450, 0.9), SHORT, Clip((1280, 720), 450, 0.9), Clip((360, 288), 60, 1.7)] if LONG else [SHORT]


def job(root: Path, out: Path) -> TargetJob:
    layout = official("c40")
    videos = [(ORIGINAL, "000", None), *((kind, "000_001", "001") for kind in FAKES)]
    sources = tuple(
        Source(bag_key(kind, name), layout.path(kind, name), kind, name, "000", source, "c40", "test")
        for kind, name, source in videos
    )
    return TargetJob(root, out, "000", sources, SAMPLED, CropConfig())


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def time_in_turn(works: Sequence[Callable[[], object]]) -> list[float]:
    """The least CPU seconds of each; they take turns, so that all see the same machine, and none counts the first turn,
    which loads what has to be loaded."""
    spent = []
    for _ in range(1 + N_ROUNDS):
        marks = [cpu_seconds()]
        for work in works:
            work()
            marks.append(cpu_seconds())
        spent.append(np.diff(marks))
    return [float(least) for least in np.min(spent[1:], axis=0)]


def decode(paths: list[Path]) -> None:
    """Has ffmpeg decode videos and keep nothing."""
    for path in paths:
        subprocess.run(["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path), "-f", "null", "-"], check=True)


@pytest.mark.bench
@pytest.mark.usefixtures("ffmpeg_on_path")
@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: f"{clip.size[0]}x{clip.size[1]}x{clip.n_frames}")
def test_a_build_beside_decoding_and_beside_a_plain_loop(tmp_path: Path, clip: Clip) -> None:
    """The loop reads the real video, in which the build searches too. Of a rendered face that it has made upright, dlib
    may miss one of 20; the loop does less then, so the comparison is in its favour. The build may lose none."""
    paths = make_target(tmp_path / "tree", clip.size, clip.n_frames)
    folders = (tmp_path / f"out{n}" for n in count())
    loop = PlainLoop()
    assert loop.extract(paths[0], tmp_path, SAMPLED) >= SAMPLED - 1
    build, decoding, plain = time_in_turn(
        [
            lambda: run_job(job(tmp_path / "tree", next(folders))),
            lambda: decode(paths),
            lambda: loop.extract(paths[0], tmp_path, SAMPLED),
        ]
    )
    ours, decoding = build / len(paths), decoding / len(paths)
    shard = read_shard(tmp_path / "out0", "000")
    assert shard is not None
    assert {row["status"] for row in shard.sources} | {row["status"] for row in shard.crops} == {"ok"}
    print(
        f"\n{clip.size[0]}x{clip.size[1]}, {clip.n_frames} frames, CPU seconds a video: "
        f"decoding {decoding:.3f}, build {ours:.3f} ({ours / decoding:.2f} times), "
        f"plain loop {plain:.2f} ({plain / ours:.1f} times the build)"
    )
    assert ours / decoding < clip.limit
    assert plain / ours > 8
