"""``ffpms embed``: a backbone embeds the faces of sets, ahead of ``ffpms bench --tune cached``."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmark.data.features import Features
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine
from benchmark.training.embedding import check_embeds, open_features
from benchmark.training.frozen_backbones import stand_in
from benchmark.training.model import Model
from benchmark.training.weights import load_given
from benchmark.trials.trial import make_detector
from ffpms.dataset.built_set import BuiltSet

METHOD = "xn-avg"
"""A method that shows its faces to any backbone; the embeddings are those of all such methods."""


def embed(
    sets: Sequence[BuiltSet], config: TrainConfig, out: Path, machine: Machine, weights: Mapping[str, Path]
) -> Iterator[Features]:
    """Embeds the faces of sets and yields the embeddings of each; what is there already is kept.

    The backbone is kept beside them, as the heads of runs need it.

    ``config`` names the backbone and how faces are shown to it. ``weights`` are the files that it
    names.

    Raises:
        DetectorError: the backbone cannot be made, or takes no faces of that side.
        ManifestError: a crop has gone, or is not the one that was built.
        StorageError: the disk has no room, or refuses.
    """
    given = load_given(weights)
    for i, data in enumerate(sets):
        model = Model.place(make_detector(config, given, data.side), config, machine)
        if (note := model.detector.backbone.note) and i == 0:
            machine.log(note)
        yield open_features(model, data, out, stand_in(check_embeds(model.detector, config), out).sha256)
