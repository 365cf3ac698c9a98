"""Joins the data set and the detectors: trains, scores, and tabulates."""
