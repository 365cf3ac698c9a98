"""Training: trains a detector and predicts its scores."""
