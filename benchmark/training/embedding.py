"""Embedding: a frozen backbone embeds the faces of a set once, for all runs that train on that."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

import benchmark
import detectors
import ffpms
from benchmark.data.batches import BagDataset, Batch
from benchmark.data.face_cache import CropFiles
from benchmark.data.features import Face, FeatureFile, Features, Table
from benchmark.data.inputs import face_side
from benchmark.train_config import TrainConfig
from benchmark.training.model import Model
from benchmark.training.predict import in_parts, make_batches
from detectors import method
from detectors.backbones import Backbone
from detectors.bag import pack
from detectors.detector import Detector, Embedder
from detectors.errors import DetectorError
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.hashing import code_digest, digest
from ffpms.schema import Split

FEATURES = "features"
"""Name of the folder of embeddings, below the folder of runs."""
CODE = {
    Path(benchmark.__file__).parent: ("data/inputs.py", "training/embedding.py"),
    Path(detectors.__file__).parent: ("autocast.py", "backbones/creation.py", "backbones/stems.py"),
    Path(ffpms.__file__).parent: ("shown_face.py", "dataset/crops.py"),
}
"""Files that decide the embedding of a crop, by the folder of their package."""
AT_ONCE = 256
"""Number of faces that are embedded at a time; what a kill costs at most."""


def open_features(model: Model, data: BuiltSet, out: Path, sha256: str) -> Features:
    """Opens the embeddings of a set's faces, by the backbone of a model; the first call makes them.

    ``sha256`` is that of the backbone's weights.
    Those of train are there for the mirror image too. There is a file a split below ``out``, named
    by what decides it: crops, weights, packages, precision, and the side at which faces are shown.

    Raises:
        DetectorError: the detector sees more of a face than the backbone's embedding.
        ManifestError: a crop has gone, or is not the one that was built.
        StorageError: the disk has no room, or refuses.
    """
    backbone = check_embeds(model.detector, model.config)
    about = _describe(model, face_side(backbone, data.side, model.config.input_size), data.side, sha256)

    def table(split: Split) -> Table:
        files = CropFiles.of(data, split)
        faces = [(crop, mirrored) for mirrored in (False, True)[: 1 + (split == Split.TRAIN)] for crop in files.sha256]
        name = f"{split}-{digest((about + json.dumps(files.sha256)).encode())[:12]}.npy"
        what = f"faces of {split}, once for {_users(model.config)}"
        file = FeatureFile(out / FEATURES / name, faces, backbone.num_features, what, AT_ONCE)
        found = file.open(_Embedder(model, backbone, files).embed, model.machine.log)
        return Table(found, {crop: i for i, crop in enumerate(files.sha256)})

    return Features([table(split) for split in Split])


def check_embeds(detector: Detector, config: TrainConfig) -> Backbone:
    """Returns the backbone of a detector that sees each face's embedding and no more.

    Raises:
        DetectorError: it sees more of a face, or learns from fakes that are made of pixels.
    """
    todo = "leave it out, or train it without --tune cached"
    if method(config.method).training_data != "bags":
        raise DetectorError(f"{config.method}: makes its fakes of pixels; {todo}")
    if isinstance(detector, Embedder) and isinstance(detector.backbone, Backbone):
        return detector.backbone
    raise DetectorError(f"{config.method}: sees more of a face than its embedding; {todo}")


def _users(config: TrainConfig) -> str:
    """Describes the runs that share the embeddings of a backbone."""
    known = config.pretrained or config.weights_sha256
    return "all runs" if known else f"the runs of seed {config.seed}: each seed has a random backbone of its own"


def _describe(model: Model, side: int, stored: int, sha256: str) -> str:
    """Describes all that decides an embedding, but the crop."""
    config = model.config
    code = [code_digest(package, names) for package, names in CODE.items()]
    packages = [version(name) for name in ("timm", "torch")]
    return json.dumps([config.backbone, sha256, side, stored, config.precision, *code, *packages])


@dataclass(frozen=True)
class _Embedder:
    """A backbone, and the crops that it embeds."""

    model: Model
    backbone: Backbone
    files: CropFiles

    @torch.no_grad()
    def embed(self, faces: Sequence[Face]) -> Iterator[np.ndarray]:
        """Yields the embeddings of faces in their order, some at a time.

        Shape: -> (n, D) float32 each.
        """
        shown = BagDataset(self.files.read, [BagRecord.of_one(crop) for crop, _ in faces])
        for batch in make_batches(self.model, shown, list(range(len(faces))), AT_ONCE, slow=True):
            move = torch.tensor([(0.0, 0.0, float(faces[i][1])) for i in batch.index])
            yield torch.cat(in_parts(self.model, "faces", replace(batch, move=move), self._embed_part)).numpy()

    def _embed_part(self, batch: Batch) -> torch.Tensor:
        bag = self.model.input(batch).bag
        with self.model.autocast():
            found: torch.Tensor = self.backbone(pack(bag.faces, bag.mask))
        return found.float().cpu()
