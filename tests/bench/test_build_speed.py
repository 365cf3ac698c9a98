"""How quick a build is beside decoding alone, and beside a plain loop, in one run on the same files.

``pytest -m bench -s`` prints the figures of docs/benchmarks.md at 450 frames; the suite runs shorter videos.
"""

import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest

from ffpms.crops import CropConfig
from ffpms.plan import frame_index
from ffpms.schema import FAKES, Manipulation, bag_key
from ffpms.shards import read_shard
from ffpms.sources.ffpp import Source
from ffpms.sources.layouts import official
from ffpms.target import TargetJob, run_job
from tests.bench.clips import make_target

LONG = bool(os.environ.get("FFPMS_BENCH"))
SIZES = [(640, 480), (1280, 720)] if LONG else [(640, 480)]
N_FRAMES = 450 if LONG else 150
SAMPLED = 20


def job(root: Path, out: Path) -> TargetJob:
    layout = official("c40")
    videos = [(Manipulation.ORIGINAL, "000", None), *((kind, "000_001", "001") for kind in FAKES)]
    sources = tuple(
        Source(bag_key(kind, name), layout.path(kind, name), kind.value, name, "000", source, "c40", "test")
        for kind, name, source in videos
    )
    return TargetJob(root, out, "000", sources, SAMPLED, CropConfig())


def own_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process, the better of two runs; the first also loads what has to be loaded."""
    spent = []
    for _ in range(2):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


def decoding_seconds(paths: list[Path]) -> float:
    """CPU seconds of ffmpeg that decodes and keeps nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for path in paths:
        command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path), "-f", "null", "-"]
        subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def plain_loop(path: Path, out: Path) -> None:
    """One video in the manner of the field's tools, but for its landmarks: every frame read, the face searched in each
    sampled frame at twice its size and again in the crop, PNGs written."""
    find, video = dlib.get_frontal_face_detector(), cv2.VideoCapture(str(path))
    frames = []
    while True:
        there, frame = video.read()
        if not there:
            break
        frames.append(frame)
    for index in frame_index(np.arange(SAMPLED), len(frames), SAMPLED):
        image = cv2.cvtColor(frames[index], cv2.COLOR_BGR2RGB)
        faces = find(image, 1)
        if faces:
            face = max(faces, key=lambda r: r.area())
            crop = frames[index][max(face.top(), 0) : face.bottom(), max(face.left(), 0) : face.right()]
            crop = cv2.resize(crop, (256, 256))
            find(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), 1)
            cv2.imwrite(str(out / f"{index:03d}.png"), crop)


@pytest.mark.bench
@pytest.mark.usefixtures("ffmpeg_on_path")
@pytest.mark.parametrize("size", SIZES)
def test_a_build_beside_decoding_and_beside_a_plain_loop(tmp_path: Path, size: tuple[int, int]) -> None:
    paths = make_target(tmp_path / "tree", size, N_FRAMES)
    todo = job(tmp_path / "tree", tmp_path / "out")
    ours = own_seconds(lambda: run_job(todo)) / len(paths)
    shard = read_shard(tmp_path / "out", "000")
    assert shard is not None
    assert {row["status"] for row in shard.sources} | {row["status"] for row in shard.crops} == {"ok"}
    decoding = decoding_seconds(paths) / len(paths)
    plain = own_seconds(lambda: plain_loop(paths[1], tmp_path))
    print(
        f"\n{size[0]}x{size[1]}, {N_FRAMES} frames, CPU seconds a video: decoding {decoding:.3f}, build {ours:.3f} "
        f"({ours / decoding:.2f} times), plain loop {plain:.2f} ({plain / ours:.1f} times the build)"
    )
    assert ours / decoding < 8
    assert plain / ours > 5
