"""Resources that trials share: decoded faces, initial weights, and the machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from benchmark.data.face_cache import Read, open_faces
from benchmark.train_config import CACHED
from benchmark.training.device import Machine
from benchmark.training.embedding import check_embeds, open_features
from benchmark.training.frozen_backbones import stand_in
from benchmark.training.model import Model
from benchmark.training.weights import load_given
from detectors.backbones import Weights
from ffpms.dataset.built_set import BuiltSet
from ffpms.machine.cores import usable_cores

T = TypeVar("T")


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

    def show(self, model: Model, data: BuiltSet, out: Path) -> Read:
        """Opens what a model is shown of a set: its faces.

        With ``--tune cached`` these are their embeddings, kept below ``out``. They take the place
        of the backbone in the model's detector.
        """
        if model.config.tune != CACHED:
            return self.faces(data)
        embedded = self._first(lambda: stand_in(check_embeds(model.detector, model.config), out))
        features = self._first(lambda: open_features(model, data, out, embedded.sha256))
        model.detector.backbone = embedded
        return features

    def _open(self, data: BuiltSet) -> Read:
        machine = self.machine
        return self._first(lambda: open_faces(data, self.cache, usable_cores(), machine.progress, machine.log))

    def _first(self, step: Callable[[], T]) -> T:
        """Lets the first rank take a step that fills a folder, then the others."""
        if not self.machine.ranks.first:
            self.machine.ranks.wait()
        made = step()
        if self.machine.ranks.first:
            self.machine.ranks.wait()
        return made
