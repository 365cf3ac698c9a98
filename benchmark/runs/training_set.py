"""What a run tells of the set it was trained on: how faces were cut, and its number of bags.

That is what a detector needs to be used on another video. It lies beside ``config.toml`` and is no
part of a run's identity, which has the hash of the set.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmark.runs.folder import Run
from ffpms.checks import check_type, settle, whole
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.dataset.set_files import read_finished, restore, stored_settings
from ffpms.errors import ConfigError, ManifestError, on_one_line
from ffpms.protocol.crop_config import CropConfig
from ffpms.regular_files import read_text
from ffpms.schema import ORIGINAL, WITH_PIXELS, Split
from ffpms.storage import write_whole

DATA = "data.json"
"""File of a run folder. Runs of older versions lack it."""


@dataclass(frozen=True)
class Preprocessing(CropConfig):
    """How the faces of a training set were cut out of its videos, and how many frames it sampled.

    ``size`` is the side of the crops in px. ``margin`` is in sides of the finder's box.

    Raises:
        ConfigError: a value is out of range or unknown.

    Example:
        >>> Preprocessing(finder="dlib", margin=1.3, size=299, frames=20).finder
        'dlib'
    """

    frames: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, frames=whole("frames", self.frames, low=1))


@dataclass(frozen=True)
class TrainingSet:
    """How faces were cut, and how many bags with faces there are: of a split, by manipulation.

    Raises:
        ConfigError: a number is none, or a split is unknown.
    """

    preprocessing: Preprocessing
    bags: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_type("preprocessing", self.preprocessing, Preprocessing)
        settle(self, bags=check_bags(self.bags))


def check_bags(bags: Any) -> dict[str, dict[str, int]]:
    """Returns the numbers of bags by split and manipulation.

    Raises:
        ConfigError: a number is none, or a split is unknown.
    """
    check_type("bags", bags, Mapping)
    for split, counts in bags.items():
        if split not in list(Split):
            raise ConfigError(f"bags: {str(split)[:40]!r} is no split; choose from {', '.join(Split)}")
        check_type(f"bags.{split}", counts, Mapping)
    return {
        split: {str(kind): whole(f"bags.{split}", number, low=0) for kind, number in counts.items()}
        for split, counts in bags.items()
    }


def describe_set(data: BuiltSet, manipulations: Collection[str]) -> TrainingSet:
    """Describes a built set, as far as a run on these manipulations used it.

    Raises:
        ManifestError: its ``build.json`` is lost or of another version.
    """
    _, crop = stored_settings(read_finished(data.root), str(data.root))
    videos = data.videos[data.videos["status"].isin(WITH_PIXELS)]
    used = videos[videos["manipulation"].isin([ORIGINAL, *manipulations])]
    bags: dict[str, dict[str, int]] = {}
    for (split, kind), rows in used.groupby(["split", "manipulation"], sort=False):
        bags.setdefault(str(split), {})[str(kind)] = len(rows)
    return TrainingSet(Preprocessing(**asdict(crop), frames=data.recipe.frames_per_video), bags)


def write_training_set(folder: Path, data: BuiltSet, manipulations: Collection[str]) -> None:
    """Writes what a run on these manipulations tells of its set into its folder, in one step.

    Raises:
        ManifestError: the ``build.json`` of the set is lost or of another version.
        StorageError: the folder cannot be written to.
    """
    write_whole(folder / DATA, json.dumps(asdict(describe_set(data, manipulations)), indent=2) + "\n")


def read_training_set(folder: Path) -> TrainingSet | None:
    """Reads what a run tells of its set; None if an older version wrote the run.

    Raises:
        ManifestError: it is damaged.
    """
    path = folder / DATA
    try:
        about = json.loads(read_text(path))
        return TrainingSet(restore(Preprocessing, about["preprocessing"]), about["bags"])
    except FileNotFoundError:
        return None
    except (ConfigError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = on_one_line(error)
        raise ManifestError(f"{path}: damaged ({reason}); delete it and run the same 'ffpms bench' again") from None


def find_training_set(run: Run, folder: Path, data: str | Path | None = None) -> TrainingSet:
    """Reads what a run tells of its set, or looks into the set if an older version wrote the run.

    Raises:
        ManifestError: the run does not tell it and no set is given, or the set is another.
    """
    if stored := read_training_set(folder):
        return stored
    if data is None:
        raise ManifestError(
            f"{folder}: does not say how faces were cut, for an older ffpms made it; "
            "give --data with the set that it was trained on, or run 'ffpms bench' again"
        )
    for unmixed in (False, True):
        built = load(data, unmixed=unmixed)
        if built.sha256 == run.data_sha256:
            return describe_set(built, run.manipulations)
    raise ManifestError(f"{data}: is not the set of {folder} (its tables have another hash); give that set")
