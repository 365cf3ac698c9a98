"""Files of a built set: its tables by name, and build.json."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from ffpms.errors import ManifestError
from ffpms.protocol.crop_config import CropConfig
from ffpms.schema import CROP, FRAME, GRID, LANDMARK, SOURCE, VIDEO

T = TypeVar("T")

TABLES = {"videos": VIDEO, "frames": FRAME, "crops": CROP, "sources": SOURCE, "grid": GRID}
"""Of every set."""

REPORT = "build.json"


def read_report(out: Path) -> dict[str, Any]:
    """``build.json`` of a built set.

    Raises:
        ManifestError: there is none, or it is damaged.
    """
    path = out / REPORT
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(f"{out}: no built set (build.json is not in it); make one with 'ffpms build'") from None
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path}: damaged ({error}); delete this folder and build it again") from None
    if not isinstance(report, dict) or not {"complete", "config"} <= report.keys():
        raise ManifestError(f"{path}: not written by 'ffpms build'; delete this folder and build it again")
    return report


def write_report(out: Path, report: dict[str, Any]) -> None:
    """Writes ``build.json`` in one step."""
    partial = out / f"{REPORT}.partial"
    partial.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    partial.replace(out / REPORT)


def settings_of(config: Any, root: Path) -> dict[str, Any]:
    """A configuration and its source tree as JSON has them."""
    settings: dict[str, Any] = json.loads(json.dumps(asdict(config) | {"ff_root": str(root.resolve())}))
    return settings


def tables_of(crop: CropConfig) -> dict[str, pa.Schema]:
    """The tables of a set of this configuration, by name."""
    return TABLES | ({"landmarks": LANDMARK} if crop.landmarks else {})


def restore(kind: type[T], stored: dict[str, Any]) -> T:
    """A configuration from the JSON or TOML it was written to, where tuples had become lists."""
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()})
