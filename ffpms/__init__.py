"""Builds FFPMS: from videos on disk to labelled bags of face crops. Knows no torch."""

__version__ = "0.1.0"
