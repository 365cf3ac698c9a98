"""The embedded corpus is the same pixels everywhere, before encoding."""

import hashlib

from ffpms.minicorpus.manipulations import Quality
from ffpms.minicorpus.pair import to_pixels
from ffpms.minicorpus.videos import VideoSpec, render_fakes, render_real

PINNED = "7645375af16b9f1b31252c491b2dd95317005481f76ca45727ad85241b5036ce"


def test_frames_of_a_seed_are_pinned() -> None:
    target = VideoSpec(seed=3, n_frames=2, fps=25, size=(360, 270), bystander=7)
    source = VideoSpec(seed=6, n_frames=3, fps=30, size=(352, 264))
    real_frames = list(render_real(target))
    pictures = [real.pixels for real in real_frames] + [
        fake.pixels for _, fake in render_fakes(target, source, real_frames, Quality(0.4))
    ]
    assert len(pictures) == 2 + 2 + 3 + 2 + 2
    digest = hashlib.sha256(b"".join(to_pixels(picture).tobytes() for picture in pictures))
    assert digest.hexdigest() == PINNED
