"""What trials are given: sets with their decoded faces, and weights to begin with."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmark.data.face_cache import Read, open_faces
from benchmark.training.device import Machine
from benchmark.training.weights import load_given
from detectors.backbones import Weights
from ffpms.dataset.built_set import BuiltSet

Given = Mapping[str, Weights]
"""Backbone weights by the ``weights_sha256`` of a configuration."""


@dataclass(frozen=True)
class Material:
    """What all trials share: the built set, its decoded faces, and weights to begin with."""

    data: BuiltSet
    read: Read
    given: Given


@dataclass(frozen=True)
class Supply:
    """What trials are given: weights to begin with, and the faces of each set, stored in ``folder`` if there is one.

    ``weights`` are files by the ``weights_sha256`` of a configuration.
    """

    weights: Mapping[str, Path]
    folder: Path | None
    machine: Machine
    _opened: dict[str, Material] = field(default_factory=dict)

    @cached_property
    def given(self) -> Given:
        """The weights, read once."""
        return load_given(self.weights)

    def of(self, data: BuiltSet) -> Material:
        """The set with its faces; the first rank makes their store, then all open it."""
        if data.sha256 not in self._opened:
            self._opened[data.sha256] = self._open(data)
        return self._opened[data.sha256]

    def _open(self, data: BuiltSet) -> Material:
        ranks = self.machine.ranks
        if not ranks.first:
            ranks.wait()
        read = open_faces(data, self.folder, os.cpu_count() or 1, self.machine.track, self.machine.say)
        if ranks.first:
            ranks.wait()
        return Material(data, read, self.given)
