"""Curves over the fake rate and over the number of frames looked at; from stored scores, without a model."""
