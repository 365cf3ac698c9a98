"""Groups runs into rows of a table: they differ in nothing but seed and training manipulations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmark.leaderboards.labels import find_differences, format_setting, make_label, name_part, name_table
from benchmark.leaderboards.paper import paper_methods
from benchmark.runs.folder import Run
from benchmark.runs.submissions.card import Card
from ffpms.errors import ManifestError
from ffpms.sources.registry import in_order

_Key = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Group:
    """One row of the table, whose ``method`` is its label.

    ``data`` are the first digits of the hash of what it was scored on. ``differences`` are those
    of its configuration from the paper's defaults. ``kinds`` are the manipulations of its table.
    """

    method: str
    dataset: str
    data: str
    runs: tuple[Run, ...]
    differences: tuple[str, ...]
    kinds: frozenset[str] = frozenset()

    @property
    def external(self) -> bool:
        """Whether it is another tool's."""
        return self.runs[0].external

    @property
    def card(self) -> Card | None:
        """What another tool's authors say of it; None if they say nothing."""
        return self.runs[0].card

    @property
    def is_the_papers(self) -> bool:
        """Whether it was trained here with the paper's settings, so that their numbers compare."""
        return not (self.external or self.differences)

    @property
    def table(self) -> str:
        """The table that the row stands in."""
        return name_table(self.runs[0])

    @property
    def manipulations(self) -> list[str]:
        """The columns it fills: ``all`` if each of its runs was trained on all that its table has.

        There are several then.
        On another set than it was trained on, these are the manipulations of that set.
        """
        joint = all(len(run.manipulations) > 1 and self.kinds <= {*run.manipulations} for run in self.runs)
        own = in_order(code for run in self.runs for code in run.manipulations)
        return ["all", *own] if joint else own

    def trained_on(self, manipulation: str) -> list[Run]:
        """Returns its runs that were trained on a manipulation; all of those trained elsewhere."""
        return [run for run in self.runs if manipulation == "all" or manipulation in run.manipulations]


def group_runs(runs: list[Run]) -> list[Group]:
    """Groups runs by configuration and data, in the order of their tables.

    Sets on which nothing was trained come last.
    A row's label says in what its configuration differs from the paper's defaults. Rows that are
    still alike are told apart by what differs between them, such as the code.

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
    kinds: dict[str, frozenset[str]] = {}
    for table in dict.fromkeys(group.table for group in unnamed.values()):
        own = {key: group for key, group in unnamed.items() if group.table == table}
        labels |= _labels(own)
        kinds[table] = frozenset(code for group in own.values() for run in group.runs for code in run.manipulations)
    order = list(dict.fromkeys(group.method for group in unnamed.values()))
    home = {group.table for group in unnamed.values() if not group.runs[0].origin}
    places = {
        key: (group.table not in home, group.table, order.index(group.method), len(group.differences))
        for key, group in unnamed.items()
    }
    return [
        replace(unnamed[key], method=labels[key], kinds=kinds[unnamed[key].table])
        for key in sorted(unnamed, key=places.__getitem__)
    ]


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
    return Group(first.method, first.dataset, first.data_sha256[:8], runs, find_differences(first))


def _key(run: Run) -> _Key:
    settings: dict[str, Any] = dict(run.settings)
    settings |= {"external": run.external, "data": run.data_sha256[:8], "code": run.code_sha256[:8]}
    settings["beside"] = run.beside[:8]
    del settings["manipulations"]
    settings["train_on"] = name_part(run)
    settings["trained_on"] = name_table(run.origin) if run.origin else ""
    settings.pop("seed", None)
    return tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in settings.items()))


def _labels(groups: Mapping[_Key, Group]) -> dict[_Key, str]:
    """Labels the groups of a table: ``s-mil``, ``s-mil [backbone=tiny]``; no two alike."""
    said = {key: (group.method, *_say(group, groups.values())) for key, group in groups.items()}
    return {
        key: make_label(own[0], [*own[1:], *_tell_apart(key, [other for other in groups if said[other] == own])])
        for key, own in said.items()
    }


def _say(group: Group, table: Iterable[Group]) -> tuple[str, ...]:
    """Returns what a label says of a group by itself.

    Another tool's scores are ``external`` where they have the name of a method of the paper, or of
    one that was trained here. Their card may say that they were trained on other data.
    """
    if not group.external:
        return group.differences
    trained = {other.method for other in table if not other.external}
    taken = _plain(group.method) in map(_plain, trained | paper_methods())
    return (*(["external"] if taken else []), *([group.card.mark] if group.card and group.card.mark else []))


def _plain(name: str) -> str:
    """Returns the letters and digits of a name, for ``S-MIL`` is ``smil``."""
    return "".join(filter(str.isalnum, name.lower()))


def _tell_apart(key: _Key, alike: list[_Key]) -> list[str]:
    """Tells groups apart of which a label says the same, such as those of different code."""
    rivals = [dict(other) for other in alike]
    return [f"{k}={format_setting(v)}" for k, v in key if any(rival.get(k) != v for rival in rivals)]
