"""Packed models: what config.json says of one, checked before anything is made of it.

A packed model may be a stranger's. It is JSON and tensors; nothing of it is executed or unpickled.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmark.models.calibration import Calibration
from benchmark.models.trained_model import TrainedOn
from benchmark.runs.training_set import Preprocessing
from benchmark.train_config import TrainConfig
from ffpms import __version__, regular_files
from ffpms.checks import check_type, number, settle, shown, texts, whole
from ffpms.dataset.set_files import restore
from ffpms.errors import ConfigError, ManifestError, unreadable
from ffpms.regular_files import read_bytes

T = TypeVar("T")

PACKED, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
"""Files of a packed model."""
FORMAT, FORMAT_VERSION = "ffpms-model", 1
"""What config.json says that it is. A change of its keys is another version."""
_LONGEST = 1 << 20
"""The most bytes of a config.json. One of ours has some 10,000."""


@dataclass(frozen=True)
class FaceInput:
    """How faces are shown to the backbone.

    ``side`` is theirs in px. ``mean`` and ``std`` are of each colour, by which it is normalised.

    Raises:
        ConfigError: a value is no number.
    """

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        settle(self, side=whole("side", self.side, low=1))
        for name in ("mean", "std"):
            values = getattr(self, name)
            if not isinstance(values, tuple) or len(values) != 3:
                raise ConfigError(f"{name}: {shown(values)} is no list of 3 numbers")
            settle(self, **{name: tuple(number(name, value) for value in values)})


@dataclass(frozen=True)
class PackedModel:
    """What config.json says of a model.

    ``detector`` are the settings of its training, by which its detector is made. ``plugin`` names
    the package that has its method; it is empty for one of ffpms's own. ``versions`` are those of
    the packages by which it was packed.

    Raises:
        ConfigError: a value is out of range or of a wrong type.
    """

    name: str
    run_id: str
    plugin: str
    versions: Mapping[str, str]
    detector: TrainConfig
    input: FaceInput
    preprocessing: Preprocessing
    calibration: Calibration
    trained_on: TrainedOn
    weights_sha256: str

    def __post_init__(self) -> None:
        for name in ("name", "run_id", "plugin", "weights_sha256"):
            check_type(name, getattr(self, name), str)
        check_type("versions", self.versions, Mapping)
        texts("versions", self.versions.values())
        for name in ("method", "backbone", "weights_sha256", "tune"):
            check_type(f"detector.{name}", getattr(self.detector, name), str)
        check_type("detector.pretrained", self.detector.pretrained, bool)

    @property
    def text(self) -> str:
        """The text of config.json."""
        about = {"format": FORMAT, "format_version": FORMAT_VERSION, "ffpms": __version__}
        return json.dumps(about | asdict(self), indent=2, allow_nan=False) + "\n"


_PARTS: dict[str, type] = {
    "detector": TrainConfig,
    "input": FaceInput,
    "preprocessing": Preprocessing,
    "calibration": Calibration,
    "trained_on": TrainedOn,
}


def read_packed(path: Path, linked: bool = False) -> PackedModel:
    """Reads and checks a config.json.

    Args:
        path: the file.
        linked: whether it may be a link, as in the cache of a hub.

    Raises:
        ManifestError: it is none of ours, damaged, or of another version of the format.
    """
    check_file(path, linked)
    wrote: Any = None
    try:
        if path.stat().st_size > _LONGEST:
            raise ManifestError(f"{path}: has over {_LONGEST} bytes; not written by 'ffpms pack', do not use it")
        about = json.loads(read_bytes(path).decode(), parse_constant=_refuse)
        if not isinstance(about, dict) or about.pop("format", None) != FORMAT:
            raise ManifestError(f"{path}: not written by 'ffpms pack'; give a run or a packed model")
        wrote = about.pop("ffpms", None)
        _check_version(path, about.pop("format_version", None), wrote)
        parts: dict[str, Any] = {name: _restore(name, kind, about.pop(name)) for name, kind in _PARTS.items()}
        return PackedModel(**about, **parts)
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None
    except (ConfigError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        reason = " ".join(str(error).rpartition("__init__() ")[2].split())[:160]
        who = f"this is ffpms {__version__}" + (f", {shown(wrote)} wrote it" if wrote else "")
        raise ManifestError(f"{path}: edited, damaged or of another version ({reason}; {who}); get it again") from None


def check_file(path: Path, linked: bool = False) -> None:
    """Checks that a path is a regular file, which opening does not wait for.

    Raises:
        ManifestError: it is not there, or something else, or a link.
    """
    if path.is_symlink() and not linked:
        raise ManifestError(f"{path}: a link, which a packed model has none of; put the file itself there")
    try:
        regular_files.check_file(path)
    except FileNotFoundError:
        raise ManifestError(f"{path}: not found; get all of the model") from None
    except IsADirectoryError as error:
        raise ManifestError(f"{path}: {error.strerror}; get the model again, or pack it again") from None
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None


def _restore(name: str, kind: type[T], stored: Any) -> T:
    """Restores a part of config.json; an error names the part."""
    if not isinstance(stored, dict):
        raise ConfigError(f"{name}: {shown(stored)} is no object")
    try:
        return restore(kind, stored)
    except (ConfigError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ConfigError(f"{name}: {str(error).rpartition('__init__() ')[2]}") from None


def _check_version(path: Path, version: Any, wrote: Any) -> None:
    if version == FORMAT_VERSION and not isinstance(version, bool):
        return
    what = f"format version {shown(version)}, written by ffpms {shown(wrote)}"
    raise ManifestError(f"{path}: {what}; this ffpms {__version__} reads version {FORMAT_VERSION}, use that ffpms")


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number")
