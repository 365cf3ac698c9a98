"""Errors of detectors, and the description of any error in one line."""

import traceback
from collections.abc import Collection
from pathlib import Path

_LONGEST = 400


class DetectorError(Exception):
    """A detector cannot be made or used as asked; the message says why and what to do."""


class FactoryError(DetectorError):
    """A method's factory made what is no detector: a fault of its code, not of what was asked."""


class BackboneError(DetectorError):
    """A backbone cannot be made, whatever the method that asks for it."""


def on_one_line(error: BaseException) -> str:
    """Returns all of an error's message on one line."""
    return " ".join(str(error).split())


def describe_error(error: BaseException, packages: Collection[str], *others: str) -> str:
    """Describes an error in one line: its class, its message and where it happened.

    The place is the last line that ran in one of these top-level packages, or else in one of the
    others, as ``ffpms_median/pool.py:12``.
    """
    message = on_one_line(error)
    said = f"{type(error).__name__}: {message[:_LONGEST]}" if message else type(error).__name__
    place = _locate(error, packages) or _locate(error, others)
    return f"{said} ({place})" if place else said


def _locate(error: BaseException, packages: Collection[str]) -> str:
    """The file and line of the last frame in these packages, if there is one."""
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in packages:
            place = f"{_shorten(Path(frame.f_code.co_filename), module)}:{line}"
    return place


def _shorten(file: Path, module: str) -> str:
    """A module's file, from its top-level package on."""
    depth = module.count(".") + (file.name == "__init__.py")
    return "/".join(file.parts[-depth - 1 :])
