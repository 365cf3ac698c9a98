"""Faces: detection, tracking and landmarks."""
