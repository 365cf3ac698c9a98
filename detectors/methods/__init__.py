"""Methods: one detector per file. Importing this package registers them all."""

from detectors.methods import abmil, aggregates, dfwa, dsmil, i3d, lstm, mil, smil, transmil, xception, xray

__all__ = [
    "abmil",
    "aggregates",
    "dfwa",
    "dsmil",
    "i3d",
    "lstm",
    "mil",
    "smil",
    "transmil",
    "xception",
    "xray",
]
