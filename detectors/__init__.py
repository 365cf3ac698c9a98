"""Detectors of partially fake videos: bags of faces in, logits out.

The package knows torch, but no path and no table.
"""

from detectors import methods as _methods  # noqa: F401 (each registers its methods)
from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector, Detector, Embedder
from detectors.fine_tuning import tune
from detectors.registry import Method, create, load_plugins, method, names, register, resolve

__all__ = [
    "Bag",
    "BagDetector",
    "Detector",
    "Embedder",
    "Method",
    "Prediction",
    "create",
    "load_plugins",
    "method",
    "names",
    "register",
    "resolve",
    "tune",
]
