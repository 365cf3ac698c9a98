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
_HEAT = 0.5
"""The share of the heat map in its mix with the face."""


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

    ``faces`` and ``heat`` have slot and picture of each face of a bag, by slot and person. ``lost``
    has a line for each bag whose faces cannot be read.
    """

    pictures: list[str] = field(default_factory=list)
    faces: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    heat: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def add(self, bag: BagRecord, heat_map: np.ndarray | None = None) -> None:
        """Adds the faces of a bag, and their heat maps if given.

        Shape: heat_map (M, S, S) in [0, 1].
        """
        if not bag.crops:
            return
        try:
            pixels = bag.faces()
        except FfpmsError as error:
            self.lost.append(str(error))
            return
        order = sorted(range(len(pixels)), key=lambda n: (bag.slots[n], bag.tracks[n]))
        self.faces[bag.bag_id] = [(bag.slots[n], self._keep(bag.crops[n], pixels[n])) for n in order]
        if heat_map is not None and len(heat_map) == len(pixels):
            self.heat[bag.bag_id] = [(bag.slots[n], self._append(_mix(pixels[n], heat_map[n]))) for n in order]

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


def collect_faces(data: BuiltSet, bag_ids: Sequence[str], heat_maps: Mapping[str, np.ndarray]) -> Album:
    """Collects the faces of test bags in an album."""
    by_id = {bag.bag_id: bag for bag in data.bags(Split.TEST)}
    album = Album()
    for name in bag_ids:
        if name in by_id:
            album.add(by_id[name], heat_maps.get(name))
    return album


def _shrink(face: np.ndarray) -> np.ndarray:
    from PIL import Image

    if len(face) <= SIDE:
        return face
    return np.asarray(Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _mix(face: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lays a heat map over a face, in the colours of Matplotlib's inferno."""
    from matplotlib import colormaps
    from PIL import Image

    heat = np.asarray(Image.fromarray(heat.astype(np.float32)).resize(face.shape[1::-1], Image.Resampling.BILINEAR))
    colours = 255 * colormaps["inferno"](np.clip(heat, 0, 1))[..., :3]
    return np.asarray((1 - _HEAT) * face + _HEAT * colours).round().astype(np.uint8)
