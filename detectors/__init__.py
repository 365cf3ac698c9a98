"""Detectors of partially fake videos: bags of faces in, logits out.

The package knows torch, but no path and no table.
"""

from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector, Detector, Embedder
from detectors.fine_tuning import tune
from detectors.methods import (  # noqa: F401 (each registers its methods)
    abmil,
    aggregates,
    clam,
    dfwa,
    dsmil,
    dtfd,
    gend,
    i3d,
    lstm,
    mil,
    probe,
    sbi,
    smabmil,
    smil,
    transmil,
    xception,
    xray,
)
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
