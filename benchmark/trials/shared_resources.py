"""Resources that trials share: decoded faces, initial weights, and the machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmark.data.face_cache import Read, open_faces
from benchmark.training.device import Machine
from benchmark.training.weights import load_given
from detectors.backbones import Weights
from ffpms.cores import usable_cores
from ffpms.dataset.built_set import BuiltSet


@dataclass(frozen=True)
class Resources:
    """Decoded faces, initial weights and the machine of trials.

    ``weight_files`` are files by the ``weights_sha256`` of a configuration. Decoded faces are kept
    in ``cache``, if there is one.
    """

    machine: Machine
    weight_files: Mapping[str, Path] = field(default_factory=dict)
    cache: Path | None = None
    _opened: dict[tuple[str, int], Read] = field(default_factory=dict)

    @cached_property
    def weights(self) -> Mapping[str, Weights]:
        """The weights of the files, read once."""
        return load_given(self.weight_files)

    def faces(self, data: BuiltSet) -> Read:
        """Returns the faces of a set; the first rank fills their cache, then all open it."""
        key = data.sha256, len(data.crops)  # a set, or its test part alone
        if key not in self._opened:
            self._opened[key] = self._open(data)
        return self._opened[key]

    def _open(self, data: BuiltSet) -> Read:
        ranks = self.machine.ranks
        if not ranks.first:
            ranks.wait()
        read = open_faces(data, self.cache, usable_cores(), self.machine.progress, self.machine.log)
        if ranks.first:
            ranks.wait()
        return read
