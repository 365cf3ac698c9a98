"""Settings: defaults, then a TOML file, then flags; an unknown key is an error. And back from what was stored."""

import tomllib
from pathlib import Path
from typing import Any

import click


def read_toml(context: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """Click callback of ``--config``: makes the file's keys (flag names, dashes or underscores) the new defaults.

    Raises:
        click.BadParameter: the file is no TOML or has a key that is no flag of this command.
    """
    if path is None:
        return None
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{path}: {error}") from None
    known = {str(p.name): p for p in context.command.params if p.name != "config"}
    flags = {flag.lstrip("-").replace("-", "_"): name for name, p in known.items() for flag in p.opts}
    named = {flags.get(k, k): v for k, v in ((key.replace("-", "_"), value) for key, value in values.items())}
    unknown = sorted(named.keys() - known.keys())
    if unknown:
        raise click.BadParameter(f"{path}: no such setting: {', '.join(unknown)}")
    typed = {name: _as_typed(value, getattr(known[name], "multiple", False)) for name, value in named.items()}
    context.default_map = {**(context.default_map or {}), **typed}
    return path


def _as_typed(value: Any, many: bool) -> Any:
    """A TOML value as it would be typed on the command line, so that the same checks hold; ``many`` for a flag that may
    be given several times."""
    if isinstance(value, list):
        return [str(item) for item in value] if many else ",".join(map(str, value))
    return value if isinstance(value, bool) else str(value)
