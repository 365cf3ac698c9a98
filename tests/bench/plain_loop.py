"""A plain loop in the manner of the field's tools: every frame read, dlib on each sample at twice its size and again on
the aligned face, 68 landmarks of both, PNGs of 256 px written."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import cv2
import dlib
import numpy as np

from benchmark.data.pseudo_fakes.align import upright
from ffpms.extraction.faces.landmarks import find_weights
from ffpms.protocol.plan import frame_index

SIDE = 256
MARGIN = 1.3


class PlainLoop:
    """Its models are loaded once, as any tool would."""

    @cached_property
    def find(self) -> dlib.fhog_object_detector:
        return dlib.get_frontal_face_detector()

    @cached_property
    def predict(self) -> dlib.shape_predictor:
        return dlib.shape_predictor(str(find_weights()))

    def extract(self, path: Path, out: Path, count: int) -> int:
        """Writes the aligned face of each sampled frame and its landmarks; says how many."""
        n_written = 0
        for index, frame in sampled_frames(path, count):
            points = self.landmarks(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
            if points is None:
                continue
            crop = cv2.warpAffine(frame, upright(points, SIDE, MARGIN)[:2], (SIDE, SIDE), flags=cv2.INTER_LINEAR)
            on_crop = self.landmarks(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))
            if on_crop is None:
                continue
            cv2.imwrite(str(out / f"{index:03d}.png"), crop)
            np.save(out / f"{index:03d}.npy", on_crop)
            n_written += 1
        return n_written

    def landmarks(self, image: np.ndarray) -> np.ndarray | None:
        """The points of the largest face in the image enlarged to twice its size, if there is one.

        Shape: -> (68, 2) int64.
        """
        faces = self.find(image, 1)
        if not faces:
            return None
        shape = self.predict(image, max(faces, key=lambda face: face.area()))
        return np.array([(point.x, point.y) for point in shape.parts()])


def sampled_frames(path: Path, count: int) -> Iterator[tuple[int, np.ndarray]]:
    """Reads every frame on one thread and keeps the sampled ones, (H, W, 3) uint8, BGR."""
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    n_frames = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = {int(i) for i in frame_index(np.arange(count), n_frames, count)}
    for index in range(n_frames):
        there, frame = video.read()
        if there and index in wanted:
            yield index, frame
