"""Trials: each trains one detector on one data set, scores it, and writes one run folder."""
