"""Curves over the fake rate and over the number of frames, from stored scores without a model."""
