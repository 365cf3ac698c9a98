"""Annotation: a copy of a video with the verdict drawn into it."""
