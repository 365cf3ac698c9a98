"""Models with random weights, as heat maps take them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import detectors
from benchmark.data.inputs import face_side, fit_faces
from detectors.bag import Bag
from detectors.detector import Detector

SIDE = 64


@dataclass
class Shown:
    """What heat maps ask of a trained model."""

    detector: Detector
    size: int = 0

    def as_bag(self, faces: np.ndarray) -> Bag:
        pixels = torch.from_numpy(faces)[None].permute(0, 1, 4, 2, 3)
        bag = Bag(pixels, torch.ones(pixels.shape[:2], dtype=torch.bool))
        return fit_faces(bag, face_side(self.detector.backbone, faces.shape[1], self.size))


def shown(name: str, backbone: str = "tiny", size: int = 0, **options: str) -> Any:
    torch.manual_seed(0)
    detector = detectors.create(name, backbone, pretrained=False, size=size or None, options=options)
    return Shown(detector.eval(), size)


def some_faces(count: int = 3, side: int = SIDE) -> np.ndarray:
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
