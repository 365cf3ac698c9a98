"""Training: trains a detector and predicts scores."""
