"""Extraction: from videos to aligned face crops."""
