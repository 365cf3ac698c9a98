"""How much ``predict`` costs beside decoding a clip and embedding its faces, and how soon a model is ready, in one run.

``pytest -m bench -s`` prints the figures of docs/benchmarks.md.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

import benchmark
from ffpms.minicorpus.encode import write_video
from ffpms.minicorpus.videos import back_and_forth
from tests.bench.test_build_speed import cpu_seconds, decode, time_in_turn
from tests.conftest import Once
from tests.helpers.corpus import portrait
from tests.helpers.trained_runs import trained_s_mil

SIZE, N_FRAMES, FPS = (1280, 720), 250, 25
N_FACES = 20


@pytest.fixture(scope="module")
def run(once: Once) -> Path:
    """A run of the smallest backbone, beside which nothing that predict does is hidden."""
    return trained_s_mil(once)


def clip(path: Path) -> Path:
    """Ten seconds of a person before a busy background, filmed from the hand."""
    write_video(path, list(_frames()), FPS, 23)
    return path


def _frames() -> Iterator[np.ndarray]:
    draw = np.random.default_rng(1)
    width, height = SIZE
    wall = 128 + gaussian_filter(draw.normal(0, 60, (height, width, 3)), (2, 2, 0))
    people = [np.asarray(Image.fromarray(picture).resize((height * 4 // 3, height))) for picture in portrait()]
    walk = np.rint(12 * np.tanh(np.cumsum(draw.normal(0, 0.7, (N_FRAMES, 2)), axis=0) / 12)).astype(int)
    for i in range(N_FRAMES):
        picture = wall.astype(np.uint8)
        picture[:, 160:-160] = people[back_and_forth(i, len(people))]
        yield np.roll(picture, tuple(walk[i]), (0, 1))


@pytest.mark.bench
@pytest.mark.usefixtures("ffmpeg_on_path")
def test_predict_beside_decoding_and_embedding(run: Path, tmp_path: Path) -> None:
    path, model = clip(tmp_path / "clip.mp4"), benchmark.open_model(run)
    (verdict,) = benchmark.predict(path, model, frames=N_FACES)
    assert [len(track.frames) for track in verdict.tracks] == [N_FACES]
    side = model.preprocessing.size
    faces = np.random.default_rng(0).integers(0, 256, (N_FACES, side, side, 3), np.uint8)
    ours, decoding, embedding = time_in_turn(
        [lambda: benchmark.predict(path, model, frames=N_FACES), lambda: decode([path]), lambda: model.score([faces])]
    )
    ratio = ours / (decoding + embedding)
    print(
        f"\n{SIZE[0]}x{SIZE[1]}, {N_FRAMES / FPS:.0f} s, CPU seconds: predict {ours:.3f}, decoding {decoding:.3f}, "
        f"embedding {N_FACES} faces {embedding:.3f} ({ratio:.2f} times both)"
    )
    assert ratio < 1.5


@pytest.mark.bench
def test_a_model_is_ready_in_five_seconds(run: Path) -> None:
    script = "import sys, benchmark; from benchmark.inference.predict import predict; benchmark.open_model(sys.argv[1])"
    before = cpu_seconds()
    subprocess.run([sys.executable, "-c", script, str(run)], check=True)
    spent = cpu_seconds() - before
    print(f"\nloading the libraries and the model: {spent:.1f} CPU seconds")
    assert spent < 5
