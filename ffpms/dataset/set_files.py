"""Files of a built set: its tables by name, and build.json."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from ffpms import __version__
from ffpms.checks import shown
from ffpms.errors import ConfigError, ManifestError, unreadable
from ffpms.protocol.crop_config import CropConfig
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.rendered import RenderedTree
from ffpms.protocol.set_settings import SetSettings
from ffpms.regular_files import read_text
from ffpms.schema import CROP, FRAME, GRID, LANDMARK, SOURCE, VIDEO
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpus import Corpus
from ffpms.sources.registry import corpora
from ffpms.storage import write_whole

T = TypeVar("T")

TABLES = {"videos": VIDEO, "frames": FRAME, "crops": CROP, "sources": SOURCE, "grid": GRID}
"""Of every set."""

REPORT = "build.json"
ANEW = "build anew with another --out"


def read_report(out: Path) -> dict[str, Any]:
    """``build.json`` of a built set.

    Raises:
        ManifestError: there is none, it is damaged, or ``out`` is a file.
    """
    path = out / REPORT
    if out.is_file():
        raise ManifestError(f"{out}: a file, not the folder of a built set; give the folder")
    try:
        report = json.loads(read_text(path))
    except FileNotFoundError:
        raise ManifestError(f"{out}: no built set (build.json is not in it); make one with 'ffpms build'") from None
    except IsADirectoryError as error:
        raise ManifestError(f"{path}: {error.strerror}; remove it and build the set again") from None
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(
            f"{path}: no whole JSON ({error}); give a built set, or build it with another --out"
        ) from None
    if not isinstance(report, dict) or "complete" not in report or not isinstance(report.get("config"), dict):
        raise not_ours(path)
    return report


def read_finished(out: Path) -> dict[str, Any]:
    """``build.json`` of a finished set, with its name and the hashes of its tables.

    Raises:
        ManifestError: there is none, it is damaged, or the build is not finished.
    """
    report = read_report(out)
    if not report["complete"]:
        raise ManifestError(f"{out}: the build is not finished; run the same 'ffpms build' again, or wait if it runs")
    if not isinstance(report.get("dataset"), str) or not isinstance(report.get("sha256"), dict):
        raise not_ours(out / REPORT)
    return report


def not_ours(path: Path) -> ManifestError:
    """Returns the error of a report that no build wrote."""
    return ManifestError(f"{path}: not written by 'ffpms build'; give the folder of a built set")


def stored_settings(report: dict[str, Any], name: str = REPORT, again: str = ANEW) -> tuple[Recipe, CropConfig]:
    """The recipe and the crops' settings that ``build.json`` tells; an error calls it ``name``.

    ``again`` says how to get another one.

    Raises:
        ManifestError: they are not those of this version.
    """
    try:
        return restore(Recipe, report["config"]["recipe"]), restore(CropConfig, report["config"]["crop"])
    except (AttributeError, ConfigError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).rpartition("() ")[2].split())[:80]
        raise ManifestError(f"{name}: {_other_settings(report.get('ffpms'), reason, again)}") from None


def _other_settings(wrote: object, reason: str, again: str) -> str:
    """Says whose settings cannot be read: another version's, or nobody's."""
    if wrote == __version__:
        return f"settings that ffpms {__version__} does not write ({reason}): edited or damaged; {again}"
    both = f"it was written by {shown(wrote)}, this is {__version__}"
    return f"settings of another version of ffpms ({both}: {reason}); use that version, or {again}"


def naming_settings(report: dict[str, Any], name: str = REPORT) -> SetSettings:
    """The settings in ``build.json`` that decide what the set is called.

    Raises:
        ManifestError: they are not those of this version.
    """
    config, (recipe, crop) = report["config"], stored_settings(report, name)
    limit, keep = config.get("limit"), config.get("keep_unverified", False)
    own = SetSettings(recipe, crop, str(config.get("pairs_sha256")), limit, keep, bool(config.get("whole", False)))
    corpus = corpus_of(report, name)
    if corpus.rendered:
        return replace(own, rendered=_stored_tree(report, name))
    if corpus.has_pairs:
        return own
    title = f"{corpus.title}-{config['table']}" if config.get("table") else corpus.title
    return replace(own, title=title, editions=corpus.editions)


def _stored_tree(report: dict[str, Any], name: str) -> RenderedTree:
    """The settings of the rendered tree that a set was built from."""
    try:
        return restore(RenderedTree, report["config"]["rendered"])
    except (AttributeError, ConfigError, KeyError, TypeError) as error:
        raise ManifestError(f"{name}: {_other_settings(report.get('ffpms'), str(error)[:80], ANEW)}") from None


def corpus_of(report: dict[str, Any], name: str = REPORT, again: str = ANEW) -> Corpus:
    """The corpus whose videos a set was built from: FaceForensics++ in older sets.

    Raises:
        ManifestError: this version knows no such corpus.
    """
    known, own = corpora(), report["config"].get("corpus", FFPP.name)
    if own in known:
        return known[own]
    raise ManifestError(f"{name}: a corpus that this version of ffpms does not know ({shown(own)}); {again}")


def write_report(out: Path, report: dict[str, Any]) -> None:
    """Writes ``build.json`` in one step."""
    write_whole(out / REPORT, json.dumps(report, indent=2) + "\n")


def settings_of(config: Any) -> dict[str, Any]:
    """A configuration as JSON has it."""
    settings: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return settings


def tables_of(crop: CropConfig) -> dict[str, pa.Schema]:
    """The tables of a set of this configuration, by name."""
    return TABLES | ({"landmarks": LANDMARK} if crop.landmarks else {})


def restore(kind: type[T], stored: dict[str, Any]) -> T:
    """A configuration from the JSON or TOML it was written to, where tuples had become lists."""
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()})
