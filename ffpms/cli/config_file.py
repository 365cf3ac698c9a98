"""Reads the file of ``--config``: TOML values become new defaults of the flags.

The order is defaults, then the file, then flags. An unknown key is an error.
"""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from ffpms.checks import shown
from ffpms.errors import unreadable
from ffpms.regular_files import explain_toml, read_toml


def take_defaults(context: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """Makes the keys of the file of ``--config`` the new defaults: a click callback.

    Keys are names of flags, with dashes or underscores.

    Raises:
        click.BadParameter: the file is no TOML or has a key that is no flag of this command.
    """
    if path is None:
        return None
    try:
        values = read_toml(path)
    except OSError as error:
        raise click.BadParameter(f"{path}: {unreadable(error)}") from None
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{path}: {explain_toml(error, 'seed = 7')}") from None
    known = {str(p.name): p for p in context.command.params if p.name != "config"}
    flags = {flag.lstrip("-").replace("-", "_"): name for name, p in known.items() for flag in p.opts}
    named = {flags.get(k, k): v for k, v in ((key.replace("-", "_"), value) for key, value in values.items())}
    unknown = sorted(named.keys() - known.keys())
    if unknown:
        raise click.BadParameter(f"{path}: no such setting: {_near(unknown, known)}")
    for name, value in named.items():
        _check_value(value, known[name], context, path)
    typed = {name: _as_typed(value, known[name]) for name, value in named.items()}
    context.default_map = {**(context.default_map or {}), **typed}
    return path


def _near(unknown: list[str], known: Collection[str]) -> str:
    """Lists unknown settings, each with the known one that it may be meant for."""
    near = {name: get_close_matches(name, known, n=1) for name in unknown}
    return ", ".join(f"{name} (did you mean {hit[0]}?)" if hit else name for name, hit in near.items())


def _check_value(value: Any, flag: click.Parameter, context: click.Context, path: Path) -> None:
    """Checks that a flag takes a value.

    Raises:
        click.BadParameter: it does not; the message names the file.
    """
    is_switch = getattr(flag, "is_flag", False)
    if isinstance(value, bool) and not is_switch:
        raise click.BadParameter(f"{path}: {flag.name}: true or false, where the flag takes a value")
    if is_switch and not isinstance(value, bool | str):
        raise click.BadParameter(f"{path}: {flag.name}: {shown(value)}, where the flag is true or false")
    if value == []:
        raise click.BadParameter(f"{path}: {flag.name}: an empty list; list what it is to be, or leave it away")
    try:
        flag.process_value(context, _as_typed(value, flag))
    except click.BadParameter as error:
        raise click.BadParameter(f"{path}: {flag.name}: {error.message}") from None


def _as_typed(value: Any, flag: click.Parameter) -> Any:
    """Converts a TOML value to what one would type, so that the same checks apply.

    A flag that may be given several times takes a list, or one text.

    Raises:
        click.BadParameter: it is nothing that one could type.
    """
    if isinstance(value, dict) or "\0" in str(value):
        raise click.BadParameter(f"{flag.name}: {shown(value)} is no value of a flag; write {flag.name} = ...")
    if getattr(flag, "multiple", False):
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if getattr(flag, "is_flag", False) else str(value)
