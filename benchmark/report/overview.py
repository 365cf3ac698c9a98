"""The overview in plain words: what was run, on which data, what stands and what does not."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.leaderboards.labels import factor_out
from benchmark.metrics.catalogue import METRICS
from benchmark.report.bags import Bags
from benchmark.runs.folder import Run
from benchmark.stats.comparison import BEHIND, BEST, LIKE_BEST
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
    ours = cells[(cells["source"] == "ours") & (cells["fake_rate_bucket"] == "all")]
    about = bags.about
    fakes = about[about["y_true"] == 1]
    kinds = [kind for kind in dict.fromkeys(about["manipulation"]) if kind != ORIGINAL]
    n_pairs = runs[0].scores["pair_id"].nunique()
    counts = [
        ("methods", str(ours["method"].nunique())),
        ("trainings" if any(run.seed is not None for run in runs) else "sets of scores", str(len(runs))),
        ("test videos", str(len(about))),
        ("test pairs", str(n_pairs)),
    ]
    rates = f"{100 * fakes['fake_rate'].min():.0f} to {100 * fakes['fake_rate'].max():.0f} %" if len(fakes) else "no"
    data = (
        f"{table}: {len(about) - len(fakes)} real and {len(fakes)} fake videos ({', '.join(kinds)})."
        f" In a fake video {rates} of the frames are fake."
    )
    return Overview(counts, data, _findings(ours), _cautions(runs, n_pairs, note))


def _findings(ours: pd.DataFrame) -> list[str]:
    """Says for each metric on which methods are compared who leads, and who is told apart."""
    names, _ = factor_out(dict.fromkeys(ours["method"])) if len(ours) else ({}, "")
    lines = []
    for metric, about in METRICS.items():
        column = ours[(ours["metric"] == metric) & (ours["manipulation"] == "all")]
        if about.compared and len(column):
            lines.append(f"{about.title}: {_describe_column(column.assign(method=column['method'].map(names)))}")
    return lines


def _describe_column(column: pd.DataFrame) -> str:
    best = column.iloc[int(column["value"].to_numpy().argmax())]
    number = f"{100 * best['value']:.1f} %"
    interval = (
        f" (95 % interval {100 * best['ci_low']:.1f} to {100 * best['ci_high']:.1f})"
        if best["ci_low"] == best["ci_low"]
        else ""
    )
    if len(column) == 1:
        return f"{best['method']} has {number}{interval}."
    alike = [name for name in column.loc[column["standing"] == LIKE_BEST, "method"] if name != best["method"]]
    behind = column.loc[column["standing"] == BEHIND, "method"].tolist()
    equal = [name for name in column.loc[column["standing"] == BEST, "method"] if name != best["method"]]
    line = f"{best['method']} has the highest, {number}{interval}."
    line += f" As high: {', '.join(equal)}." if equal else ""
    line += f" Behind it, beyond the noise: {', '.join(behind)}." if behind else ""
    line += f" Not told apart from it: {', '.join(alike)}." if alike else ""
    untested = [name for name in column.loc[column["standing"] == "", "method"] if name != best["method"]]
    if not untested:
        return line
    some = alike or behind
    return line + (f" Not tested: {', '.join(untested)}." if some else " No difference was tested, so none stands.")


def _cautions(runs: Sequence[Run], n_pairs: int, note: str) -> list[str]:
    lines = [f"This is not the official set. {note}."] if note else []
    if n_pairs < _FEW_PAIRS:
        number = "is a single test pair" if n_pairs == 1 else f"are {n_pairs} test pairs"
        wide = "no number has an interval" if n_pairs == 1 else "intervals are wide"
        lines.append(f"There {number}, where the paper's set has 70: {wide}.")
    if any(run.card for run in runs):
        lines.append("Some rows are submissions. How they were made is what their authors say.")
    if any(run.external and not run.card for run in runs):
        lines.append("Some rows are another tool's scores. How they were made is not known here.")
    lines.append("All numbers hold for videos like these. They say little about other data.")
    return lines
