"""Backbones: map a face to an embedding or to feature maps, and get their initial weights."""

from detectors.backbones.creation import TINY, create_backbone, create_pyramid, tiny
from detectors.backbones.initial_weights import Weights
from detectors.backbones.stems import Backbone, Pyramid, Stem

__all__ = ["TINY", "Backbone", "Pyramid", "Stem", "Weights", "create_backbone", "create_pyramid", "tiny"]
