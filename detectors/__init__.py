"""Detectors of partially fake videos: bags of faces in, logits out. Knows torch, but no path and no table."""

from detectors import i3d, lstm, smil, xception
from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector, Detector
from detectors.registry import Method, create, load_plugins, method, names, register, resolve
from detectors.tuning import tune

__all__ = [
    "Bag",
    "BagDetector",
    "Detector",
    "Method",
    "Prediction",
    "create",
    "i3d",
    "load_plugins",
    "lstm",
    "method",
    "names",
    "register",
    "resolve",
    "smil",
    "tune",
    "xception",
]
