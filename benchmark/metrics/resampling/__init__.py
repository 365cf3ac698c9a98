"""Resampling: metrics of many bootstrap samples of the test pairs at once."""
