"""Methods: one detector per file. Importing this package registers them all."""

from detectors.methods import (
    abmil,
    aggregates,
    dfwa,
    dsmil,
    gend,
    i3d,
    lstm,
    mil,
    probe,
    sbi,
    smil,
    transmil,
    xception,
    xray,
)

__all__ = [
    "abmil",
    "aggregates",
    "dfwa",
    "dsmil",
    "gend",
    "i3d",
    "lstm",
    "mil",
    "probe",
    "sbi",
    "smil",
    "transmil",
    "xception",
    "xray",
]
