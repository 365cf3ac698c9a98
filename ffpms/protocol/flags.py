"""Flags: writes a setting as one types it on the command line."""

from typing import Any

_FLAGS = {
    "frames_per_video": "--frames",
    "replaced": "--replace",
    "fraction": "--replace-fraction",
    "splits": "--split",
    "pairs_sha256": "--splits",
    "code_sha256": "the program's code",
    "version": "the recipe's version",
}
_RANGES = ("replaced", "segments")


def flag_of(key: str) -> str:
    """Returns the flag of a setting.

    Example:
        >>> flag_of("frames_per_video"), flag_of("keep_unverified")
        ('--frames', '--keep-unverified')
    """
    return _FLAGS.get(key, f"--{key.replace('_', '-')}")


def with_flag(key: str, value: Any) -> str:
    """Writes a setting with its flag: ``no --limit``, ``--replace 1-19``, ``--split val``.

    Example:
        >>> with_flag("replaced", [1, 19]), with_flag("limit", None)
        ('--replace 1-19', 'no --limit')
    """
    flag = flag_of(key)
    if value is None or value is False:
        return f"no {flag}"
    return flag if value is True else f"{flag} {value_text(key, value)}"


def value_text(key: str, value: Any) -> str:
    """Writes the value of a setting without its flag.

    Example:
        >>> value_text("manipulations", ("DF", "NT"))
        'DF,NT'
    """
    if isinstance(value, list | tuple):
        return ("-" if key in _RANGES else ",").join(map(str, value))
    return str(value)
