"""Stored weights: writes and reads the weights of a detector, with their epoch and their hash."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from benchmark.training.frozen_backbones import read_backbone, serialise
from detectors.backbones.stems import Embedded
from ffpms.errors import ManifestError, on_one_line
from ffpms.hashing import digest
from ffpms.regular_files import check_file
from ffpms.storage import whole_file

UNREADABLE = (OSError, SafetensorError, TypeError, KeyError, ValueError)
"""What the readers of weights and of histories raise of a damaged file."""


def save_weights(detector: nn.Module, path: Path, epoch: int) -> None:
    """Writes the weights of an epoch, and their hash, in one step.

    The hash is that of the file without metadata. So it is made once, and gets them then: a JSON
    object after its length, in 8 bytes, is all that stands before the tensors.

    Raises:
        StorageError: the disk is full, or refuses for another reason.
    """
    plain = serialise(detector.state_dict())
    size = int.from_bytes(plain[:8], "little")
    own = {"epoch": f"{epoch} {digest(plain)}"} | _name_backbone(detector)
    about = {"__metadata__": own} | json.loads(plain[8 : 8 + size])
    head = json.dumps(about, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # where the tensors begin is a multiple of 8
    with whole_file(path) as file:
        file.write(len(head).to_bytes(8, "little") + head)
        file.write(memoryview(plain)[8 + size :])


def _name_backbone(detector: nn.Module) -> dict[str, str]:
    """Names the frozen backbone that is not among the weights of a detector, if there is one."""
    stem = getattr(detector, "backbone", None)
    return {"backbone": stem.sha256} if isinstance(stem, Embedded) else {}


def load_weights(detector: nn.Module, path: Path) -> None:
    """Loads weights that :func:`save_weights` wrote in the folder of a run.

    A detector that has a backbone gets the frozen one too that they were trained on.

    Raises:
        ManifestError: they are lost, damaged, or of another detector.
    """
    with _naming(path):
        _, weights, backbone = read_weights(path)
    if backbone and not _name_backbone(detector):
        weights |= read_backbone(path.parent, backbone)
    with _naming(path):
        detector.load_state_dict(weights)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turns an error in reading a file of weights into one line that names it.

    Raises:
        ManifestError: there was one.
    """
    again = "delete its folder and run the same 'ffpms bench' again"
    try:
        yield
    except FileNotFoundError:
        raise ManifestError(f"{path}: not found; {again}") from None
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror or error}); {again}") from error
    except (*UNREADABLE, RuntimeError) as error:
        reason = on_one_line(error)
        raise ManifestError(f"{path}: not the weights of this detector ({reason}); {again}") from error


def read_weights(path: Path) -> tuple[int, dict[str, Tensor], str]:
    """Reads of which epoch weights are, the weights, and the name of their frozen backbone.

    Those of older versions have no hash.

    Raises:
        ValueError: they are not what was written.
    """
    with safe_open(check_file(path), "pt") as file:
        epoch, _, sha256 = (about := file.metadata())["epoch"].partition(" ")
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if sha256 and sha256 != digest(serialise(weights)):
        raise ValueError("damaged: its hash is another")
    return int(epoch), weights, about.get("backbone", "")


def epoch_of(path: Path) -> int:
    """Reads of which epoch the weights in a file are, and not the weights themselves.

    Raises:
        ManifestError: the file is damaged.
    """
    with _naming(path), safe_open(check_file(path), "pt") as file:
        return int(file.metadata()["epoch"].partition(" ")[0])
