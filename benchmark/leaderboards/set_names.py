"""Names of sets: why a table's set has not the official name, for the foot of the board."""

from collections.abc import Collection, Sequence

from benchmark.leaderboards.groups import Group
from ffpms.protocol.naming import explain_name


def explain_sets(groups: Sequence[Group]) -> dict[str, str]:
    """Explains each set that has not the official name: the name in its tables' titles, and a line.

    The reasons are those that its runs stored. Of sets with one name, the line begins with the
    reasons that not all of them have.
    """
    reasons: dict[tuple[str, str], tuple[str, ...]] = {}
    for group in groups:
        key = (group.dataset, group.table)
        reasons[key] = reasons.get(key) or next((run.reasons for run in group.runs if run.reasons), ())
    notes: dict[str, str] = {}
    for (dataset, table), own in reasons.items():
        alike = [other for (name, _), other in reasons.items() if name == dataset]
        if own:
            name = table if len(alike) > 1 else dataset
            notes[name] = _explain(name, own, set.intersection(*map(set, alike)))
    return notes


def _explain(name: str, reasons: Sequence[str], shared: Collection[str]) -> str:
    """Writes a name and its reasons, those first that other sets of its name do not share."""
    alone, rest = [r for r in reasons if r not in shared], [r for r in reasons if r in shared]
    if not alone:
        return explain_name(name, reasons)
    unlike = f"{name}, unlike another set of this name: {'; '.join(alone)}"
    return unlike + (". " + explain_name("In all of them", rest) if rest else "")
