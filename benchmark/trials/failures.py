"""Failures: why a trial ended, in one line, and the mark that it leaves in the trial's folder."""

import errno
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmark.data.training_sets import part_size, takes_single_faces
from benchmark.runs.folder import CONFIG, FAILED, is_done
from benchmark.runs.other_sets import write_set
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine
from benchmark.training.memory import is_out_of_memory
from benchmark.trials.identity import start
from benchmark.trials.method_code import packages_beside
from benchmark.trials.trial import Trial
from detectors import method
from detectors.errors import DetectorError, FactoryError, describe_error
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import OF_THE_DISK, FfpmsError, StorageError, on_one_line, writing

_OURS = ("benchmark", "detectors", "ffpms")
_TORCH_CANNOT_WRITE = ("unexpected pos", "PytorchStreamWriter failed")


def end_all(error: BaseException, folder: Path) -> None:
    """Raises an error that would end every trial; returns if it is the trial's own.

    Such are Ctrl-C and a disk that takes nothing more, below ``folder``. Any other is the trial's
    own, whatever its class: a plugin may raise ``SystemExit`` too, and one folder may be locked.

    Raises:
        KeyboardInterrupt: it is one.
        StorageError: it came of a write to a full or read-only disk.
    """
    if isinstance(error, KeyboardInterrupt):
        raise error
    for cause in _causes(error):
        if isinstance(cause, StorageError) and _is_of_the_disk(cause):
            raise cause
        said = str(cause)
        full = "No space left on device" in said or any(text in said for text in _TORCH_CANNOT_WRITE)
        if full and not isinstance(cause, OSError):  # by safetensors or torch, which keep no number
            cause = OSError(errno.ENOSPC, f"a file cannot be written ({said})", str(folder))
        if isinstance(cause, OSError) and cause.errno in OF_THE_DISK:
            with writing(folder):
                raise cause from error


def _is_of_the_disk(error: StorageError) -> bool:
    """Whether the whole disk refused, as far as is known, and not one file on it."""
    return not isinstance(error.__cause__, OSError) or error.__cause__.errno in OF_THE_DISK


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an error, and those that it came of."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def explain(error: BaseException, config: TrainConfig) -> str:
    """Says in one line why a trial with this configuration failed.

    A message of ours stands as it is. Where memory ran out, it says what to do. Any other error is
    named by its class, its message, and the file and line where it left the method's own package.
    """
    reason = on_one_line(error)
    if "does not have a deterministic implementation" in reason:
        return f"{reason.partition(',')[0]}; leave --deterministic away"
    if isinstance(error, FfpmsError | DetectorError):
        return reason
    if is_out_of_memory(error):
        return f"{reason[:200] or type(error).__name__}; {_advise_memory(config)}"
    if reason.startswith("DataLoader "):  # a process of --workers was killed, or hangs
        return f"{reason}; epochs that ended are kept; with fewer --workers, or 0, the same command needs less memory"
    return describe_error(error, packages_beside(method(config.method).module), *_OURS)


def _advise_memory(config: TrainConfig) -> str:
    """Says what to do where training ran out of memory.

    The size of a micro-batch decides what BatchNorm sees, so that another size is another training.
    """
    whole = config.frame_batch_size // config.train_frames if takes_single_faces(config) else config.batch_size
    part = config.micro_batch if part_size(config) else whole
    less = f"--micro-batch {part // 2}" if part > 1 else "a smaller --input-size or another --backbone"
    return (
        "the same command goes on after its last epoch where more memory is free;"
        f" {less} needs less, but begins training anew"
    )


def is_crash(error: BaseException) -> bool:
    """Whether it is a fault in code, and not of what was asked for."""
    return isinstance(error, FactoryError) or not isinstance(error, FfpmsError | DetectorError)


def note_failure(
    trial: Trial, reason: str, machine: Machine, error: BaseException | None = None, test: BuiltSet | None = None
) -> None:
    """Leaves the reason, and the traceback of an error, in a trial's folder.

    If another set, ``test``, could not be scored, they are left in the folder of that set. The
    folder is made if there was none yet. A run that is done has no such mark. If it cannot be
    written, the reason is only printed.
    """
    shown = "" if error is None else "\n" + "".join(traceback.format_exception(error))
    with suppress(Exception):
        if not (trial.folder / CONFIG).is_file():
            start(trial.folder, trial.config, trial.data, machine)
        if test:
            write_set(trial.folder_on(test), test.name, test.reasons, test.sha256)
        elif is_done(trial.folder):
            return
        (trial.folder_on(test) / FAILED).write_text(f"{reason}\n{shown}", encoding="utf-8", errors="backslashreplace")
