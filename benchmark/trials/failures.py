"""Failures: why a trial ended, in one line, and the mark that it leaves in the trial's folder."""

from benchmark.runs.folder import FAILED
from benchmark.training.device import Machine
from benchmark.trials.identity import start
from benchmark.trials.method_code import packages_beside
from benchmark.trials.trial import Trial
from detectors import method
from detectors.errors import DetectorError, FactoryError, describe_error
from ffpms.errors import FfpmsError

_OURS = ("benchmark", "detectors", "ffpms")


def explain(error: BaseException, name: str) -> str:
    """Says in one line why a trial of the method failed.

    A message of ours stands as it is, with what to do where memory ran out. Any other error is
    named by its class, its message, and the file and line where it left the method's own package.
    """
    reason = " ".join(str(error).split())
    if "out of memory" in reason.lower():
        return f"{reason}; give --micro-batch 8 or less"
    if "does not have a deterministic implementation" in reason:
        return f"{reason.partition(',')[0]}; leave --deterministic away"
    if isinstance(error, FfpmsError | DetectorError):
        return reason
    return describe_error(error, packages_beside(method(name).module), *_OURS)


def is_crash(error: BaseException) -> bool:
    """Whether it is a fault in code, and not of what was asked for."""
    return isinstance(error, FactoryError) or not isinstance(error, FfpmsError | DetectorError)


def note_failure(trial: Trial, reason: str, machine: Machine) -> None:
    """Leaves the reason in a trial's folder, which is made if the trial had none yet."""
    if not trial.folder.is_dir():
        start(trial.folder, trial.config, trial.data, machine.device)
    (trial.folder / FAILED).write_text(reason + "\n", encoding="utf-8")
