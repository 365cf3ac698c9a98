"""Trained models that can be used on any video: opened from a run, packed to be handed on."""
