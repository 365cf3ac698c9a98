"""Data set: reads and describes what a build has written. Needs no decoder and no torch."""
