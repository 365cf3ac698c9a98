"""Model: a detector with its configuration on a machine.

Training and prediction act on it.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from benchmark.data.batches import Batch
from benchmark.data.inputs import ModelInput, make_input
from benchmark.data.training_sets import part_size, takes_single_faces
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine, autocast
from benchmark.training.memory import Parts
from detectors.detector import Detector
from ffpms.progress import not_shown


@dataclass(frozen=True, eq=False)
class Model:
    """A detector on its machine, and the configuration by which it is trained and scored.

    ``parts`` remembers how much of a batch memory has room for.
    """

    detector: Detector
    config: TrainConfig
    machine: Machine
    parts: Parts = field(default_factory=Parts)

    @classmethod
    def place(cls, detector: Detector, config: TrainConfig, machine: Machine) -> Self:
        """Moves the detector to the machine."""
        return cls(machine.place(detector), config, machine)

    @property
    def batch_size(self) -> int:
        """Number of videos scored at a time: about as many faces as training computes at a time."""
        config = self.config
        if takes_single_faces(config):
            return max(1, (self.part_size or config.frame_batch_size) // config.train_frames)
        return config.micro_batch or config.batch_size

    @cached_property
    def part_size(self) -> int:
        """Number of videos, or of single faces, that training computes at a time; 0 is all."""
        return part_size(self.config)

    @property
    def without_progress(self) -> Self:
        """The same model without progress bars."""
        return replace(self, machine=replace(self.machine, progress=not_shown))

    def input(self, batch: Batch) -> ModelInput:
        """Moves the batch to the machine, augments it and resizes its faces for the detector."""
        return make_input(batch, self.detector.backbone, self.config.input_size, self.machine.device)

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which the detector runs."""
        return autocast(self.config.precision, self.machine.device)
