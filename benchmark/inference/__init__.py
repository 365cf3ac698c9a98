"""Inference: scores any video, person by person, with a trained model."""
