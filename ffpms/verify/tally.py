"""Tally: counts the bags or videos that break an invariant."""

import pandas as pd

from ffpms.verify.findings import Finding, Kind
from ffpms.verify.tables import BUILD_ANEW


class Tally:
    """Counts how many bags or videos break each invariant, and keeps the first of them.

    An invariant that is broken a million times is one finding.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], list[str]] = {}
        self._count: dict[tuple[str, str], int] = {}

    def add(self, table: str, message: str, names: pd.Series) -> None:
        """Counts the distinct names."""
        distinct = list(names.unique())
        if distinct:
            self._first.setdefault((table, message), distinct[:3])
            self._count[table, message] = self._count.get((table, message), 0) + len(distinct)

    def findings(self) -> list[Finding]:
        """Returns one finding per invariant."""
        found = []
        for (table, message), first in self._first.items():
            more = self._count[table, message] - len(first)
            where = ", ".join(map(str, first)) + (f" and {more} more" if more else "")
            found.append(Finding(table, Kind.LAW, f"{where}: {message}", BUILD_ANEW))
        return found
