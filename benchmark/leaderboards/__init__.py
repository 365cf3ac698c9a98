"""Leaderboards: tables recomputed from the stored scores of runs. Needs no torch."""
