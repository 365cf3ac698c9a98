"""A small FF++-shaped tree for tests: one public-domain portrait, moved, tinted, locally changed, encoded like c40."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from matplotlib import cbook
from PIL import Image

PAIRS = {
    "train": [("000", "001"), ("002", "003")],
    "val": [("004", "005")],
    "test": [("006", "007"), ("008", "009")],
}
FOLDERS = {"DF": "Deepfakes", "F2F": "Face2Face", "FS": "FaceSwap", "NT": "NeuralTextures"}
WIDTH, HEIGHT = 272, 288  # 272 is floored to 256 in Face2Face and NeuralTextures


def n_frames(video_id: str) -> int:
    """Frames of a real video."""
    return 24 + int(video_id) % 4


def make_tree(root: Path) -> Path:
    """Writes the videos and ``splits/``; returns the root."""
    reals = {i: real_frames(i) for members in PAIRS.values() for pair in members for i in pair}
    for video_id, frames in reals.items():
        encode(root / "original_sequences/youtube/c40/videos" / f"{video_id}.mp4", frames)
    for pair in (p for members in PAIRS.values() for p in members):
        for target, source in (pair, pair[::-1]):
            for kind, folder in FOLDERS.items():
                frames = fake_frames(kind, reals[target], reals[source])
                encode(root / f"manipulated_sequences/{folder}/c40/videos/{target}_{source}.mp4", frames)
    write_splits(root / "splits", PAIRS)
    return root


def write_splits(folder: Path, pairs: dict[str, list[tuple[str, str]]]) -> None:
    """Pair files in the official format."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, members in pairs.items():
        (folder / f"{split}.json").write_text(json.dumps(members))


def real_frames(video_id: str) -> list[np.ndarray]:
    """The portrait on a plain ground, mirrored and tinted by identity, swaying."""
    number = int(video_id)
    portrait = Image.open(cbook.get_sample_data("grace_hopper.jpg")).convert("RGB").resize((246, 288))
    portrait = portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if number % 2 else portrait
    tint = 0.75 + 0.25 * np.random.default_rng(number).random(3)
    frames = []
    for i in range(n_frames(video_id)):
        frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        x, y = 13 + round(9 * np.sin(i / 3 + number)), round(4 * np.sin(i / 5))
        frame[max(y, 0) : HEIGHT, x : x + 246] = np.asarray(portrait)[: HEIGHT - max(y, 0)]
        frames.append((frame * tint).astype(np.uint8))
    return frames


def fake_frames(kind: str, target: list[np.ndarray], source: list[np.ndarray]) -> list[np.ndarray]:
    """The target with a changed face region, at FF++'s lengths and widths."""
    count = {"DF": len(target), "F2F": len(source)}.get(kind, min(len(target), len(source)))
    region = np.s_[150:190, 100:170] if kind == "NT" else np.s_[70:190, 85:185]
    frames = []
    for i in range(count):
        frame = target[i % len(target)].copy()
        frame[region] = frame[region] // 2 + source[i % len(source)][region] // 2
        frames.append(np.ascontiguousarray(frame[:, 8:-8]) if kind in ("F2F", "NT") else frame)
    return frames


def encode(path: Path, frames: list[np.ndarray], crf: int = 40) -> None:
    """FF++'s own encoding: H.264 4:4:4, keyint 250, 3 B-frames, no audio."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"crf": str(crf), "preset": "veryfast", "x264-params": "keyint=250:bframes=3"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv444p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
