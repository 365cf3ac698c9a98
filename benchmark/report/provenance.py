"""Provenance of each row: its command, its runs, their configuration, machine and hashes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.leaderboards.groups import Group
from benchmark.report.commands import write_command
from benchmark.runs.folder import CONFIG, Run
from ffpms.regular_files import read_text

ENVIRONMENT = "environment.json"
_TOO_LONG = 20_000
"""Letters of a file that the page shows."""


@dataclass(frozen=True)
class RowOrigin:
    """A row of the leaderboard: how it was made, and the files that say so."""

    label: str
    command: str
    code: str
    data: str
    runs: list[tuple[str, str, str]]
    machine: str
    config: str


def trace(group: Group, root: Path, data: str) -> RowOrigin:
    """Traces a row back to its runs; ``data`` is the folder of the built set, or ``DATA``."""
    first = group.runs[0]
    runs = [
        (run.run_id, "" if run.seed is None else str(run.seed), _say_what_it_learnt_from(run)) for run in group.runs
    ]
    return RowOrigin(
        label=group.method,
        command=write_command(group.runs, data),
        code=first.code_sha256,
        data=first.data_sha256,
        runs=runs,
        machine=_describe_machines(root, group.runs),
        config=_read(root / first.run_id / CONFIG),
    )


def _say_what_it_learnt_from(run: Run) -> str:
    """Says what a run was trained on. Of another tool's scores that is what their card says."""
    if not run.external:
        return "+".join((run.origin or run).manipulations)
    if not run.card:
        return "not known"
    return f"{run.card.configuration['training']}: {run.card.configuration['trained_on']}"


def _describe_machines(root: Path, runs: Sequence[Run]) -> str:
    """Describes the machines of runs, each once; another tool's is not known."""
    texts = [_read(root / run.run_id / ENVIRONMENT) for run in runs]
    return "\n".join(dict.fromkeys(_describe_machine(text) for text in texts if text))


def _describe_machine(text: str) -> str:
    try:
        about: dict[str, Any] = json.loads(text)
        packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
        where = f"{about['device']}, {about['threads']} threads, {about['platform']}"
        return f"{where}, Python {about['python']}, {packages}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return "environment.json is damaged"


def _read(path: Path) -> str:
    """Reads a small text file; empty if there is none."""
    try:
        return read_text(path, errors="backslashreplace")[:_TOO_LONG]
    except OSError:
        return ""
