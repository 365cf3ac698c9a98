"""Data: reads bags of a built set and makes batches for training."""
