"""Findings: what a check has to say, as rows of a table."""

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from ffpms.errors import ManifestError

Progress = Callable[[Iterable[Any], int], Iterable[Any]]

ALIKE = 4
"""So many findings of a kind in one folder are shown; the rest are counted."""
SHOWN = 60
"""So many in all."""
_INDENT = 19


class Kind(StrEnum):
    """What is wrong with a file; where :class:`ffpms.schema.Status` has a word for it, the same."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    WRONG_COMPRESSION = "wrong_compression"
    NOT_A_FILE = "not_a_file"
    EXTRA = "extra"
    DUPLICATE = "duplicate"
    LENGTH = "length"
    SIZE = "size"
    FRAME_RATE = "frame_rate"
    UNFINISHED = "unfinished"
    CHANGED = "changed"
    COLUMNS = "columns"
    DAMAGED = "damaged"
    LAW = "law"
    UNSAFE_PATH = "unsafe_path"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong: with which file (relative to the root or the built set), what, and what to do."""

    path: str
    kind: Kind
    what: str
    todo: str

    @classmethod
    def from_line(cls, path: str, kind: Kind, line: str) -> "Finding":
        """From an error's reason, ``what is wrong; what to do``."""
        what, _, todo = line.rpartition("; ")
        return cls(path, kind, what, todo)

    @classmethod
    def from_error(cls, error: ManifestError) -> "Finding":
        """From an error about a table, ``name: what is wrong; what to do``."""
        name, _, line = str(error).partition(": ")
        return cls.from_line(name, Kind.DAMAGED, line)


@dataclass(frozen=True)
class Report:
    """What was looked at (the keys of ``--json``, and in words), and every finding."""

    about: dict[str, Any]
    title: str
    findings: list[Finding]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return self.about | {"findings": [asdict(finding) for finding in sorted(self.findings)]}

    def describe(self) -> str:
        """The last line of the command."""
        kinds = Counter(finding.kind.value for finding in self.findings)
        found = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        count = f"{len(self.findings)} finding{'s' * (len(self.findings) > 1)}"
        return f"{printable(self.title)}: " + (f"{count} ({found})" if found else "no findings")

    def table(self, width: int) -> str:
        """Kind and path of each finding, and below it what is wrong and what to do; many alike in a folder are
        counted."""
        ordered = sorted(sorted(self.findings), key=_folder_and_kind)
        entries = [entry for _, group in groupby(ordered, _folder_and_kind) for entry in _entries(list(group), width)]
        rest = [f"... and {len(entries) - SHOWN} more; --json lists them all"] if len(entries) > SHOWN else []
        return "\n".join([f"{'finding':<{_INDENT}}file: what is wrong; what to do", *entries[:SHOWN], *rest])


def _folder_and_kind(finding: Finding) -> tuple[str, str]:
    return finding.path.rpartition("/")[0], finding.kind


def _entries(group: list[Finding], width: int) -> list[str]:
    shown = group[:ALIKE] if len(group) > ALIKE + 1 else group
    entries = [_entry(finding, width) for finding in shown]
    if len(shown) < len(group):
        entries.append(f"{group[0].kind:<{_INDENT}}{len(group) - ALIKE} more in this folder; --json lists them all")
    return entries


def _entry(finding: Finding, width: int) -> str:
    text = printable(f"{finding.what}; {finding.todo}")
    indent = " " * _INDENT
    reason = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join([f"{finding.kind:<{_INDENT}}{printable(finding.path)}", *reason])


def printable(text: str) -> str:
    """The text with control characters and broken bytes spelled out: a file's name may hold anything."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
