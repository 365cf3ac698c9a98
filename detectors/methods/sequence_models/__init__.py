"""Sequence models: networks over the faces in the order of time, without instances."""
