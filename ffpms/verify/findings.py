"""Findings: what is wrong with a file, as rows of a table."""

import textwrap
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from ffpms.checks import printable
from ffpms.errors import ManifestError

MAX_SIMILAR = 4
"""Number of findings of one kind in one folder that are shown; the rest are counted."""
MAX_SHOWN = 60
"""Largest number of findings that are shown."""
_INDENT = 19


class Kind(StrEnum):
    """What is wrong with a file.

    Where :class:`ffpms.schema.Status` has a word for it, it is the same.
    """

    MISSING = "missing"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    WRONG_COMPRESSION = "wrong_compression"
    NOT_A_FILE = "not_a_file"
    EXTRA = "extra"
    DUPLICATE = "duplicate"
    LENGTH = "length"
    SIZE = "size"
    ENLARGED = "enlarged"
    FRAME_RATE = "frame_rate"
    UNFINISHED = "unfinished"
    CHANGED = "changed"
    COLUMNS = "columns"
    DAMAGED = "damaged"
    LAW = "law"
    UNSAFE_PATH = "unsafe_path"


@dataclass(frozen=True, order=True)
class Finding:
    """One fault: the file (relative to the root or built set), what is wrong, and what to do."""

    path: str
    kind: Kind
    what: str
    todo: str

    @classmethod
    def from_line(cls, path: str, kind: Kind, line: str) -> "Finding":
        """Makes a finding from an error's reason, ``what is wrong; what to do``.

        Example:
            >>> Finding.from_line("a.mp4", Kind.MISSING, "not found; download it").todo
            'download it'
        """
        what, _, todo = line.rpartition("; ")
        return cls(path, kind, what, todo)

    @classmethod
    def from_error(cls, error: ManifestError) -> "Finding":
        """Makes a finding from an error about a table, ``name: what is wrong; what to do``."""
        name, _, line = str(error).partition(": ")
        return cls.from_line(name, Kind.DAMAGED, line)


@dataclass(frozen=True)
class Entry:
    """A finding as a person is shown it; or, without a reason, how many more there are like it."""

    kind: str
    file: str
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """What was checked (the keys of ``--json``, and a title), and every finding."""

    about: dict[str, Any]
    title: str
    findings: list[Finding]

    def as_json(self) -> dict[str, Any]:
        """Returns the content of ``--json``."""
        return self.about | {"findings": [asdict(finding) for finding in sorted(self.findings)]}

    def describe(self) -> str:
        """Returns the last line that the command prints."""
        kinds = Counter(finding.kind.value for finding in self.findings)
        found = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        count = f"{len(self.findings)} finding{'s' * (len(self.findings) > 1)}"
        return f"{printable(self.title)}: " + (f"{count} ({found})" if found else "no findings")

    def table(self, width: int) -> str:
        """Lists each finding: kind and path, and below it what is wrong and what to do.

        Similar findings in one folder are counted.
        """
        entries, rest = self.entries()
        lines = [_lines(entry, width) for entry in entries]
        return "\n".join([f"{'finding':<{_INDENT}}file: what is wrong; what to do", *lines, *filter(None, [rest])])

    def entries(self) -> tuple[list[Entry], str]:
        """Returns what a person is shown of the findings, and a line on the rest.

        Similar findings in one folder are counted.
        """
        ordered = sorted(sorted(self.findings), key=_folder_and_kind)
        entries = [entry for _, group in groupby(ordered, _folder_and_kind) for entry in _entries(list(group))]
        rest = f"... and {len(entries) - MAX_SHOWN} more; --json lists them all" if len(entries) > MAX_SHOWN else ""
        return entries[:MAX_SHOWN], rest


def _folder_and_kind(finding: Finding) -> tuple[str, str]:
    return finding.path.rpartition("/")[0], finding.kind


def _entries(group: list[Finding]) -> list[Entry]:
    shown = group[:MAX_SIMILAR] if len(group) > MAX_SIMILAR + 1 else group
    entries = [Entry(f.kind, f.path, f"{f.what}; {f.todo}") for f in shown]
    if len(shown) < len(group):
        more = f"{len(group) - MAX_SIMILAR} more in this folder; --json lists them all"
        entries.append(Entry(group[0].kind, more))
    return entries


def _lines(entry: Entry, width: int) -> str:
    indent = " " * _INDENT
    text = printable(entry.reason)
    reason = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join([f"{entry.kind:<{_INDENT}}{printable(entry.file)}", *reason])
