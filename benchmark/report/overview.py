"""The overview in plain words: what was run, on which data, what stands and what does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboards.cells import own_cells
from benchmark.leaderboards.labels import factor_out
from benchmark.metrics.catalogue import METRICS
from benchmark.report.bags import Bags
from benchmark.runs.folder import Run
from benchmark.stats.comparison import BEHIND, BEST, BEST_TESTED, LIKE_BEST
from ffpms.schema import ORIGINAL

_FEW_PAIRS = 20
"""Fewer test pairs than that make wide intervals; the paper's set has 70."""


@dataclass(frozen=True)
class Overview:
    """Counts for the head of a section, and sentences on what was found."""

    counts: list[tuple[str, str]]
    data: str
    findings: list[str]
    cautions: list[str]


def describe(table: str, cells: pd.DataFrame, runs: Sequence[Run], bags: Bags, note: str) -> Overview:
    """Describes the runs of one table."""
    ours = own_cells(cells)
    about = bags.about
    fakes = about[about["y_true"] == 1]
    kinds = [kind for kind in dict.fromkeys(about["manipulation"]) if kind != ORIGINAL]
    n_pairs = runs[0].scores["pair_id"].nunique()
    counts = [
        _count(ours["method"].nunique(), "method"),
        _count(len(runs), "training") if any(run.seed is not None for run in runs) else _count(len(runs), "score file"),
        _count(len(about), "test video"),
        _count(n_pairs, "test pair"),
    ]
    kinds_of = f" ({', '.join(kinds)})" if kinds else ""
    data = f"{table}: {len(about) - len(fakes)} real and {len(fakes)} fake videos{kinds_of}."
    if len(fakes):
        low, high = 100 * fakes["fake_rate"].min(), 100 * fakes["fake_rate"].max()
        data += f" In a fake video {low:.0f} to {high:.0f} % of the frames are fake."
    return Overview(counts, data, _findings(ours), _cautions(runs, n_pairs, note))


def _count(number: int, what: str) -> tuple[str, str]:
    return what if number == 1 else f"{what}s", str(number)


def _findings(ours: pd.DataFrame) -> list[str]:
    """Says for each metric on which methods are compared who leads, and who is told apart.

    It is of all manipulations, or where no method was trained on all, of each.
    """
    names, _ = factor_out(dict.fromkeys(ours["method"])) if len(ours) else ({}, "")
    seen = list(ours["manipulation"].unique())
    lines = []
    for metric, about in METRICS.items():
        for kind in ["all"] if "all" in seen else seen:
            column = ours[(ours["metric"] == metric) & (ours["manipulation"] == kind)]
            if about.compared and len(column):
                name = about.title if kind == "all" else f"{about.title}, {kind}"
                lines.append(f"{name}: {_describe_column(column.assign(method=column['method'].map(names)))}")
    return lines


def _describe_column(column: pd.DataFrame) -> str:
    best = column.iloc[int(column["value"].to_numpy().argmax())]
    if len(column) == 1:
        return f"{best['method']} has {_number(best)}."
    tested, untested = _split_tested(column, best)
    if len(tested):
        first = tested.iloc[int(tested["value"].to_numpy().argmax())]
        own = column[column["standing"] == BEST]
        line = f"{_lead(own, best)} No difference from it was tested. Of the tested rows {_lead(tested, first)}"
    else:
        line = _lead(column, best)
        others = column.loc[column.index != best.name, "standing"]
        if untested and not others.any():
            return f"{line} No difference was tested, so none stands."
    return line + (f" Not tested: {', '.join(untested)}." if untested else "")


def _split_tested(column: pd.DataFrame, best: "pd.Series[Any]") -> tuple[pd.DataFrame, list[str]]:
    """Returns the tested rows if the best is none of them, and the names of other untested rows."""
    apart = bool((column["standing"] == BEST_TESTED).any())
    tested = column[apart & column["standing"].isin([BEST_TESTED, LIKE_BEST, BEHIND])]
    return tested, [name for name in column.loc[column["standing"] == "", "method"] if name != best["method"]]


def _lead(column: pd.DataFrame, first: "pd.Series[Any]") -> str:
    """Says what the first of some rows has, and how the others stand to it."""
    said = {"As high": first["standing"], "Behind it, beyond the noise": BEHIND, "Not told apart from it": LIKE_BEST}
    line = f"{first['method']} has the highest, {_number(first)}."
    for what, standing in said.items():
        own = column.loc[(column["standing"] == standing) & (column["standing"] != ""), "method"]
        names = [name for name in own if name != first["method"]]
        line += f" {what}: {', '.join(names)}." if names else ""
    return line


def _number(row: "pd.Series[Any]") -> str:
    number = f"{100 * row['value']:.1f} %"
    if not np.isfinite(row["ci_low"]):
        return number
    return f"{number} (95 % interval {100 * row['ci_low']:.1f} to {100 * row['ci_high']:.1f})"


def _which(some: Sequence[Run], runs: Sequence[Run]) -> str:
    return "All rows are" if len(some) == len(runs) else "Some rows are"


def _cautions(runs: Sequence[Run], n_pairs: int, note: str) -> list[str]:
    lines = [f"This is not the official set. {note}."] if note else []
    if n_pairs < _FEW_PAIRS:
        number = "is a single test pair" if n_pairs == 1 else f"are {n_pairs} test pairs"
        wide = "no number has an interval" if n_pairs == 1 else "intervals are wide"
        lines.append(f"There {number}, where the paper's set has 70: {wide}.")
    if submitted := [run for run in runs if run.card]:
        lines.append(f"{_which(submitted, runs)} submissions. How they were made is what their authors say.")
    if unknown := [run for run in runs if run.external and not run.card]:
        lines.append(f"{_which(unknown, runs)} another tool's scores. How they were made is not known here.")
    lines.append("All numbers hold for videos like these. They say little about other data.")
    return lines
