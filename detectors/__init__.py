"""Detectors of partially fake videos: bags of faces in, logits out. Knows torch, but no path and no table."""

from detectors import dfwa, i3d, lstm, smil, xception, xray
from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector, Detector, Embedder
from detectors.registry import Method, create, load_plugins, method, names, register, resolve
from detectors.tuning import tune

__all__ = [
    "Bag",
    "BagDetector",
    "Detector",
    "Embedder",
    "Method",
    "Prediction",
    "create",
    "dfwa",
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
    "xray",
]
