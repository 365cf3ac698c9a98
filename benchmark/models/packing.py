"""Packs the model of a run: a folder to hand on, which appears whole or not at all."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import safetensors.torch

from benchmark.models.card import UNKNOWN_LICENCE, write_card
from benchmark.models.loading import open_packed, open_run_model
from benchmark.models.packed import CARD, PACKED, WEIGHTS, PackedModel
from benchmark.models.packed_detector import describe_input, name_plugin
from benchmark.models.trained_model import TrainedModel
from benchmark.runs.folder import Run, read_run
from benchmark.train_config import TrainConfig
from ffpms.dataset.set_files import restore
from ffpms.errors import ConfigError, writing
from ffpms.hashing import digest
from ffpms.locks import hold_folder
from ffpms.storage import PARTIAL, whole_file, write_whole

_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")


@dataclass(frozen=True)
class Packed:
    """A packed model: its folder, what is in it, and the licence that was stated."""

    folder: Path
    about: PackedModel
    licence: str


def pack(run: str | Path, out: str | Path, licence: str = UNKNOWN_LICENCE, data: str | Path | None = None) -> Packed:
    """Packs the model of a finished run into a folder to hand on, or to put on a hub.

    It has ``model.safetensors``, ``config.json`` and ``README.md``. An older packed model in that
    folder is replaced.

    Args:
        run: the folder of a finished run.
        out: the folder to make.
        licence: of the weights, such as ``cc-by-nc-4.0``. Only their owner can choose it.
        data: the built set of a run that an older version made.

    Raises:
        ConfigError: ``out`` is something else than a packed model, the licence cannot be written
            in a card, or the run holds another tool's scores.
        ManifestError: the run is not finished or damaged.
        StorageError: the disk is full or cannot be written to.

    Example:
        >>> packed = benchmark.pack(next(Path("runs").glob("s-mil-*")), "packed")
        >>> sorted(path.name for path in packed.folder.iterdir())
        ['README.md', 'config.json', 'model.safetensors']
    """
    source, folder = Path(run), Path(out)
    if not _LICENCE.fullmatch(licence):
        raise ConfigError(f"license: {licence!r} is no name of a licence, such as apache-2.0 or cc-by-nc-4.0")
    if (source / PACKED).is_file():
        raise ConfigError(f"{source}: is packed already; copy the folder")
    _check_out(folder, source)
    finished = read_run(source)
    model = open_run_model(finished, source, "cpu", data)
    weights = {name: value.contiguous() for name, value in model.detector.state_dict().items()}
    content = safetensors.torch.save(weights, metadata={"format": "pt"})
    about = _describe(finished, model, digest(content))
    card = write_card(about, finished, licence.lower())
    with writing(folder), _whole_folder(folder) as partial:
        with whole_file(partial / WEIGHTS) as file:
            file.write(content)
        write_whole(partial / CARD, card)
        write_whole(partial / PACKED, about.text)
        open_packed(partial, "cpu")
    return Packed(folder, about, licence.lower())


def _describe(run: Run, model: TrainedModel, sha256: str) -> PackedModel:
    config = restore(TrainConfig, dict(run.settings))
    return PackedModel(
        name=model.name,
        run_id=run.run_id,
        plugin=name_plugin(run.method),
        versions={name: version(name) for name in ("torch", "timm")},
        detector=config,
        input=describe_input(model.detector, model.preprocessing.size, config),
        preprocessing=model.preprocessing,
        calibration=model.calibration,
        trained_on=model.trained_on,
        weights_sha256=sha256,
    )


def _check_out(folder: Path, run: Path) -> None:
    """Checks that nothing but a packed model would be replaced.

    Raises:
        ConfigError: something else has that name.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConfigError(f"{folder}: exists and is no folder; give another --out")
    if not folder.name or folder.resolve() == run.resolve():
        raise ConfigError(f"{folder}: cannot be replaced; give a folder of its own as --out")
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if others := sorted(there - {PACKED, WEIGHTS, CARD}):
        raise ConfigError(f"{folder}: has something else in it ({others[0]}); give another --out")
    if there and PACKED not in there:
        raise ConfigError(f"{folder}: is no packed model ({PACKED} is not in it); give another --out")


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """Makes a folder that takes its name, and the place of an older one, when it is whole.

    A kill while the older one is replaced leaves none; then the same command makes it again.

    Raises:
        ConfigError: another process makes it, or something else is in the way.
    """
    lock = folder.with_name(f".{folder.name}.lock")
    with hold_folder(folder, lock, "packs into it"), _replacing(folder) as partial:
        yield partial


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    partial, old = (folder.with_name(f"{folder.name}{end}") for end in (PARTIAL, f".old{PARTIAL}"))
    _clear(partial)
    _clear(old)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
        _clear(old)
    finally:
        _clear(partial)


def _clear(folder: Path) -> None:
    """Deletes what an earlier pack left, and nothing else.

    Raises:
        ConfigError: something else is in it.
    """
    if not folder.exists():
        return
    if others := [path.name for path in folder.iterdir() if not path.name.startswith((PACKED, WEIGHTS, CARD))]:
        raise ConfigError(f"{folder}: is in the way and has something else in it ({others[0]}); move it away")
    shutil.rmtree(folder)
