"""Trials: one detector, trained and scored on one data set, in one run folder."""
