"""The faces of chosen bags, as pictures in the page, from the built set that was scored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import REPORT
from ffpms.dataset.unmixed import unmix
from ffpms.errors import ConfigError, FfpmsError
from ffpms.html import image_uri
from ffpms.schema import Split

SIDE = 96
"""Side of a face in the page, px; a smaller crop stays as it is."""
_DEFAULT = "ffpms-data"
"""Where ``ffpms build`` writes, and ``ffpms bench`` reads, if not told otherwise."""


def find_sets(runs: Path, wanted: Iterable[str], given: Sequence[Path] = ()) -> dict[str, BuiltSet]:
    """Finds the built sets whose hashes runs have stored: each set by its hash.

    Where none are given it looks at ``ffpms-data`` in the current folder, at the folder of the runs
    and at those beside it.

    Raises:
        ConfigError: a set that was given is not one that the runs were scored on.
        ManifestError: it is not finished, or damaged.
    """
    lacking = set(wanted)
    if given:
        return {sha256: data for root in given for sha256, data in _load_given(root, lacking).items()}
    found: dict[str, BuiltSet] = {}
    for root in _candidates(runs):
        if lacking - set(found):
            found |= _load(root, lacking)
    return found


def _candidates(runs: Path) -> list[Path]:
    home = runs.resolve().parent
    try:
        beside = sorted(home.iterdir())
    except OSError:
        beside = []
    return [root for root in dict.fromkeys([Path(_DEFAULT), home, *beside]) if (root / REPORT).is_file()]


def _load_given(root: Path, wanted: set[str]) -> dict[str, BuiltSet]:
    data = BuiltSet.load(root)
    if not (own := _both(data, wanted)):
        hint = "give the one that they were scored on, or leave --data away"
        raise ConfigError(f"{root}: the runs were scored on another set (by the hash of its tables); {hint}")
    return own


def _load(root: Path, wanted: set[str]) -> dict[str, BuiltSet]:
    """Loads a set that may be the one; what cannot be read is not."""
    try:
        return _both(BuiltSet.load(root), wanted)
    except (FfpmsError, OSError):
        return {}


def _both(data: BuiltSet, wanted: set[str]) -> dict[str, BuiltSet]:
    """Returns the set, mixed and unmixed, by those of its hashes that are wanted."""
    if data.sha256 in wanted:
        return {data.sha256: data}
    whole = unmix(data) if wanted else data
    return {whole.sha256: whole} if whole.sha256 in wanted else {}


@dataclass(eq=False)
class Album:
    """Pictures of faces, each stored once, and for each bag the numbers of its pictures.

    ``faces`` and ``heat`` have slot, track and picture of each face of a bag, by slot and track.
    ``lost`` has a line for each bag whose faces cannot be read.
    """

    pictures: list[str] = field(default_factory=list)
    faces: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    heat: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def add(self, bag: BagRecord, heat: np.ndarray | None = None) -> None:
        """Adds the faces of a bag, and the pictures of their heat maps if given.

        Shape: heat (M, S, S, 3) uint8.
        """
        if not bag.crops:
            return
        try:
            pixels = bag.faces()
        except FfpmsError as error:
            self.lost.append(str(error))
            return
        order = sorted(range(len(pixels)), key=lambda n: (bag.slots[n], bag.tracks[n]))
        whose = [(bag.slots[n], bag.tracks[n]) for n in order]
        kept = [self._keep(bag.crops[n], pixels[n]) for n in order]
        self.faces[bag.bag_id] = [(*one, number) for one, number in zip(whose, kept, strict=True)]
        if heat is not None:
            self.heat[bag.bag_id] = [(*one, self._append(heat[n])) for one, n in zip(whose, order, strict=True)]

    def as_lists(self) -> dict[str, Any]:
        """Returns the pictures and who shows which."""
        return {"pictures": self.pictures, "faces": self.faces, "heat": self.heat}

    def _keep(self, crop: str, face: np.ndarray) -> int:
        if crop not in self._known:
            self._known[crop] = self._append(face)
        return self._known[crop]

    def _append(self, face: np.ndarray) -> int:
        self.pictures.append(image_uri(_shrink(face)))
        return len(self.pictures) - 1


def collect_faces(bags: Iterable[BagRecord], heat: Mapping[str, np.ndarray]) -> Album:
    """Collects the faces of bags in an album, with the pictures of heat maps that there are.

    Shape: heat by bag, (M, S, S, 3) uint8 in the order of the bag's faces.
    """
    album = Album()
    for bag in bags:
        album.add(bag, heat.get(bag.bag_id))
    return album


def find_bags(data: BuiltSet, names: Iterable[str]) -> list[BagRecord]:
    """Finds the test bags of these names, in their order; a set may lack some."""
    by_id = {bag.bag_id: bag for bag in data.bags(Split.TEST)}
    return [by_id[name] for name in names if name in by_id]


def _shrink(face: np.ndarray) -> np.ndarray:
    from PIL import Image

    if len(face) <= SIDE:
        return face
    return np.asarray(Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
