"""Methods: one detector per file. Importing this package registers them all."""

# Methods are listed everywhere in the order of these lines.
# isort: off
from detectors.methods.multiple_instance import abmil, aggregates, clam
from detectors.methods.frame_classifiers import dfwa
from detectors.methods.multiple_instance import dsmil, dtfd
from detectors.methods.frame_classifiers import gend
from detectors.methods.sequence_models import i3d, lstm
from detectors.methods.multiple_instance import mil
from detectors.methods.frame_classifiers import probe, sbi
from detectors.methods.multiple_instance import smabmil, smil, transmil
from detectors.methods.frame_classifiers import xception, xray
# isort: on

__all__ = [
    "abmil",
    "aggregates",
    "clam",
    "dfwa",
    "dsmil",
    "dtfd",
    "gend",
    "i3d",
    "lstm",
    "mil",
    "probe",
    "sbi",
    "smabmil",
    "smil",
    "transmil",
    "xception",
    "xray",
]
