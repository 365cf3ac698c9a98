"""Alignment of a fake with its real video, in space and in time."""
