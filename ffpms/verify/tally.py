"""Counting who breaks a law."""

import pandas as pd

from ffpms.verify.findings import Finding, Kind
from ffpms.verify.tables import BUILD_ANEW


class Tally:
    """How many bags or videos break each law, and the first of them: a law broken a million times is one finding."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], list[str]] = {}
        self._count: dict[tuple[str, str], int] = {}

    def add(self, table: str, says: str, names: pd.Series) -> None:
        """Counts the distinct names."""
        distinct = list(names.unique())
        if distinct:
            self._first.setdefault((table, says), distinct[:3])
            self._count[table, says] = self._count.get((table, says), 0) + len(distinct)

    def findings(self) -> list[Finding]:
        """One a law."""
        found = []
        for (table, says), first in self._first.items():
            more = self._count[table, says] - len(first)
            where = ", ".join(map(str, first)) + (f" and {more} more" if more else "")
            found.append(Finding(table, Kind.LAW, f"{where}: {says}", BUILD_ANEW))
        return found
