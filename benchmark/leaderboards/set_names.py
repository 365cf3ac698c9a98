"""Names of sets: why a table's set has not the official name, for the foot of the board."""

from collections.abc import Sequence

from benchmark.leaderboards.groups import Group
from ffpms.protocol.naming import explain_name


def explain_sets(groups: Sequence[Group]) -> dict[str, str]:
    """Explains each set that has not the official name: the name in its tables' titles, and a line.

    The reasons are those that its runs stored.
    """
    tables = dict.fromkeys((group.dataset, group.table) for group in groups)
    notes: dict[str, str] = {}
    for group in groups:
        several = sum(dataset == group.dataset for dataset, _ in tables) > 1
        name = group.table if several else group.dataset
        if reasons := next((run.reasons for run in group.runs if run.reasons), ()):
            notes.setdefault(name, explain_name(name, reasons))
    return notes
