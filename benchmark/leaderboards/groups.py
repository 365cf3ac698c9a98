"""Groups runs into rows of a table: they differ in nothing but seed and training manipulations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmark.runs.folder import Run
from ffpms.errors import ManifestError
from ffpms.protocol.v1_manifest import OFFICIAL
from ffpms.sources.corpus import in_order

_Key = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Group:
    """One row of the table. ``data`` are the first digits of the hash of what it was scored on."""

    method: str
    dataset: str
    data: str
    runs: tuple[Run, ...]

    @property
    def table(self) -> str:
        """The table that the row stands in.

        FFPMS, and FF++ unmixed, is one set wherever it was built. Of others each is its own.
        """
        return self.dataset if self.dataset in OFFICIAL else f"{self.dataset} {self.data}"

    @property
    def manipulations(self) -> list[str]:
        """The columns it fills: ``all`` if each of its runs was trained on several."""
        joint = all(len(run.manipulations) > 1 for run in self.runs)
        own = in_order(code for run in self.runs for code in run.manipulations)
        return ["all", *own] if joint else own

    def trained_on(self, manipulation: str) -> list[Run]:
        """Returns its runs that were trained on a manipulation."""
        return [run for run in self.runs if manipulation == "all" or manipulation in run.manipulations]


def group_runs(runs: list[Run]) -> list[Group]:
    """Groups runs by configuration and data, in the order of their tables.

    A method with several configurations in a table is told apart by what differs.

    Raises:
        ManifestError: there is no finished run.
    """
    if not runs:
        raise ManifestError("no finished run; make one with 'ffpms bench'")
    grouped: dict[_Key, list[Run]] = {}
    for run in runs:
        grouped.setdefault(_key(run), []).append(run)
    unnamed = {key: _group(own) for key, own in grouped.items()}
    labels: dict[_Key, str] = {}
    for table in dict.fromkeys(group.table for group in unnamed.values()):
        labels |= _labels([key for key, group in unnamed.items() if group.table == table])
    named = (replace(group, method=labels[key]) for key, group in unnamed.items())
    return sorted(named, key=lambda group: group.table)


def by_table(runs: list[Run]) -> list[tuple[str, list[Run], str]]:
    """Splits runs by table: its name, its runs, and the end of its files' names.

    The end is empty where there is but one table. What was scored on different sets is never drawn
    together.
    """
    tables: dict[str, list[Run]] = {}
    for group in group_runs(runs):
        tables.setdefault(group.table, []).extend(group.runs)
    return [(name, own, f"-{name.replace(' ', '-')}" if len(tables) > 1 else "") for name, own in tables.items()]


def _group(own: list[Run]) -> Group:
    first = own[0]
    runs = tuple(sorted(own, key=lambda run: run.seed or 0))
    return Group(first.method, first.dataset, first.data_sha256[:8], runs)


def _key(run: Run) -> _Key:
    settings: dict[str, Any] = dict(run.settings)
    settings |= {"external": run.external, "data": run.data_sha256[:8], "code": run.code_sha256[:8]}
    trained_on = settings.pop("manipulations")
    settings["train_on"] = "+".join(trained_on) if len(trained_on) > 1 else "each"
    settings.pop("seed", None)
    return tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in settings.items()))


def _labels(keys: list[_Key]) -> dict[_Key, str]:
    """Labels the groups: ``s-mil``, or ``s-mil [epochs=2]`` where there is another s-mil."""
    settings = {key: dict(key) for key in keys}
    return {
        key: _label(own, [s for s in settings.values() if s["method"] == own["method"]])
        for key, own in settings.items()
    }


def _label(own: Mapping[str, object], namesakes: list[dict[str, object]]) -> str:
    """Labels one group by what differs from its namesakes.

    Another tool's scores differ in everything from a training of the same name. That they are
    another tool's is enough.
    """
    rivals = [s for s in namesakes if s["external"] == own["external"]]
    differing = [f"{k}={_text(v)}" for k, v in own.items() if any(r.get(k) != v for r in rivals)]
    if own["external"] and len(rivals) < len(namesakes):
        differing.insert(0, "external")
    return str(own["method"]) + (f" [{', '.join(differing)}]" if differing else "")


def _text(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)
