"""Methods: one detector per file. Importing this package registers them all."""

from detectors.methods import (
    abmil,
    aggregates,
    clam,
    dfwa,
    dsmil,
    dtfd,
    i3d,
    lstm,
    mil,
    smabmil,
    smil,
    transmil,
    xception,
    xray,
)

__all__ = [
    "abmil",
    "aggregates",
    "clam",
    "dfwa",
    "dsmil",
    "dtfd",
    "i3d",
    "lstm",
    "mil",
    "smabmil",
    "smil",
    "transmil",
    "xception",
    "xray",
]
