"""Detectors of partially fake videos: bags of faces in, logits out. Knows torch, but no path and no table."""

from detectors import smil, xception
from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector
from detectors.registry import create, module_of, names, resolve, trained_as

__all__ = [
    "Bag",
    "BagDetector",
    "Prediction",
    "create",
    "module_of",
    "names",
    "resolve",
    "smil",
    "trained_as",
    "xception",
]
