"""Scores to numbers: metrics beyond the one that training uses, their intervals, and what of a difference is chance."""
