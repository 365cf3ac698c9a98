"""Detectors of partially fake videos: bags of faces in, logits out. Knows torch, but no path and no table."""

from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector, Detector, Embedder
from detectors.methods import abmil, aggregates, dfwa, dsmil, i3d, lstm, mil, smil, transmil, xception, xray
from detectors.registry import Method, create, load_plugins, method, names, register, resolve
from detectors.tuning import tune

__all__ = [
    "Bag",
    "BagDetector",
    "Detector",
    "Embedder",
    "Method",
    "Prediction",
    "abmil",
    "aggregates",
    "create",
    "dfwa",
    "dsmil",
    "i3d",
    "load_plugins",
    "lstm",
    "method",
    "mil",
    "names",
    "register",
    "resolve",
    "smil",
    "transmil",
    "tune",
    "xception",
    "xray",
]
