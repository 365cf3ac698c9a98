"""Arranges cells as in the paper's Table 1, for every format.

A method is a row, a manipulation a column.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboards.cells import own_cells
from benchmark.leaderboards.labels import factor_out
from benchmark.metrics.catalogue import METRICS
from benchmark.stats.comparison import BEST, BEST_TESTED, LEAST_SEEDS, LIKE_BEST

FAILED_COLUMNS = ["run", "dataset", "why"]


@dataclass(frozen=True)
class Number:
    """A number of a table in percent, or its difference from the paper's.

    ``digits`` are those behind the point; an interval has one less.
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    std: float = float("nan")
    standing: str = ""
    difference: bool = False
    digits: int = 2

    @property
    def figure(self) -> str:
        """The number as text: ``67.50``; a difference has its sign."""
        return f"{self.value:{'+' if self.difference else ''}.{self.digits}f}"

    @property
    def spread(self) -> str:
        """Spread and interval as text: ``± 1.20 [60.1, 74.2]``, or what there is of it."""
        over_seeds = f"± {self.std:.{self.digits}f}" if np.isfinite(self.std) else ""
        low, high = (f"{bound:.{self.digits - 1}f}" for bound in (self.low, self.high))
        interval = f"[{low}, {high}]" if np.isfinite(self.low) else ""
        return " ".join(filter(None, (over_seeds, interval)))


@dataclass(frozen=True)
class Table:
    """A table: ``rows`` are a name and a number, or none, for each of the columns.

    ``n_seeds`` are the fewest trainings behind a number of each of our rows, by its first method.
    ``shared`` is a sentence on the settings that all rows have but the paper's. It may be empty.
    """

    title: str
    columns: list[str]
    rows: list[tuple[str, list[Number | None]]]
    n_seeds: Mapping[str, int]
    shared: str = ""

    @property
    def numbers(self) -> list[Number]:
        """Lists the numbers that are there, row by row."""
        return [number for _, numbers in self.rows for number in numbers if number]

    @property
    def intervals(self) -> list[bool]:
        """Whether there are intervals, of each column with numbers; from a single pair are none."""
        columns = ([n for n in column if n] for column in zip(*(own for _, own in self.rows), strict=True))
        return [any(np.isfinite(n.low) for n in column) for column in columns if column]


def make_tables(cells: pd.DataFrame) -> Iterator[Table]:
    """Makes a table for each data set and metric on which methods are compared."""
    whole = cells[cells["fake_rate_bucket"] == "all"]
    several = cells.groupby("dataset")["table"].nunique()
    for table, own in own_cells(cells).groupby("table", sort=False):
        dataset = own["dataset"].iloc[0]
        name = str(table) if several[dataset] > 1 else dataset
        for metric in (name for name, about in METRICS.items() if about.compared):
            chosen = own[own["metric"] == metric]
            if not chosen.empty:
                paper = whole[(whole["source"] == "paper") & (whole["dataset"] == table) & (whole["metric"] == metric)]
                yield _make_table(f"{METRICS[metric].title} (%), {name}", chosen, paper)


def _make_table(title: str, ours: pd.DataFrame, paper: pd.DataFrame) -> Table:
    """Makes a table: our rows, then all rows of the paper.

    Below each of ours that the paper has too stands its difference from the paper's. Methods that
    share their frame scores are one row of a metric of frames.
    """
    names, shared = factor_out(dict.fromkeys(ours["method"]))
    seen = list(dict.fromkeys(ours["manipulation"]))
    columns = [c for c in seen if c != "all"] + [c for c in seen if c == "all"]
    rows, n_seeds = [], {}
    for methods in _share_rows(ours):
        own = ours[ours["method"] == methods[0]]
        n_seeds[names[methods[0]]] = int(own["run_ids"].str.count(";").min()) + 1
        rows.append((", ".join(names[method] for method in methods), _numbers(own, columns)))
        rows += [row for method in methods for row in _minus_paper(method, ours, columns)]
    for method, own in paper.groupby("method", sort=False):
        rows.append((f"{method} (paper)", _numbers(own, columns)))
    return Table(title, columns, rows, n_seeds, f"All rows scored here: {shared}." if shared else "")


def make_metrics_table(title: str, ours: pd.DataFrame, columns: Mapping[str, str]) -> Table:
    """Makes a table with a metric a column, of all manipulations of one data set.

    ``columns`` are the titles of metrics of frames or segments, by name. ``ours`` are our cells of
    that set. Methods that share their frame scores are one row.
    """
    own = ours[ours["metric"].isin(columns)]
    names, shared = factor_out(dict.fromkeys(own["method"]))
    rows, n_seeds = [], {}
    for methods in _share_rows(own):
        cells = own[own["method"] == methods[0]].assign(manipulation=lambda table: table["metric"])
        n_seeds[names[methods[0]]] = int(cells["run_ids"].str.count(";").min()) + 1
        rows.append((", ".join(names[method] for method in methods), _numbers(cells, list(columns))))
    return Table(title, list(columns.values()), rows, n_seeds, f"All rows scored here: {shared}." if shared else "")


def _share_rows(ours: pd.DataFrame) -> list[list[str]]:
    """Lists the methods of each row: one, or those that repeat its numbers in every column."""
    rows: dict[str, list[str]] = {}
    n_columns = ours["method"].value_counts()
    for method, own in ours.groupby("method", sort=False):
        first = own["same_as"].iloc[0]
        repeats = first in rows and set(own["same_as"]) == {first} and n_columns[first] == len(own)
        rows.setdefault(first if repeats else str(method), []).append(str(method))
    return list(rows.values())


def _minus_paper(method: str, ours: pd.DataFrame, columns: list[str]) -> list[tuple[str, list[Number | None]]]:
    own = ours[ours["method"] == method]
    there = own["minus_paper"].notna().any()
    return [(f"{method}, ours − paper", _differences(own, columns))] if there else []


def _numbers(own: pd.DataFrame, columns: list[str]) -> list[Number | None]:
    by_column = {row["manipulation"]: row for row in own.to_dict("records")}
    return [_number(by_column[c]) if c in by_column else None for c in columns]


def _number(row: dict[Any, Any]) -> Number:
    return Number(100 * row["value"], 100 * row["ci_low"], 100 * row["ci_high"], 100 * row["std"], row["standing"])


def _differences(own: pd.DataFrame, columns: list[str]) -> list[Number | None]:
    by_column = dict(zip(own["manipulation"], 100 * own["minus_paper"], strict=True))
    return [Number(by_column[c], difference=True) if np.isfinite(by_column.get(c, np.nan)) else None for c in columns]


def format_number(number: Number | None, marks: Mapping[str, str], dress: Callable[[str], str] = str) -> str:
    """Formats a figure within the mark of its standing, then its spread, as the format has it."""
    if number is None:
        return ""
    text = marks.get(number.standing, "{}").format(number.figure)
    return f"{text} {dress(number.spread)}" if number.spread else text


def failed_rows(failures: pd.DataFrame) -> list[list[str]]:
    """Returns run, data set and reason of each failed trial."""
    rows: list[list[str]] = failures[["run_id", "dataset", "reason"]].to_numpy().tolist()
    return rows


def explain(tables: Sequence[Table], interval: str = "[ ]", best: str = "Bold") -> list[str]:
    """Explains the marks that are in the tables, and no others; a format has two of its own."""
    numbers = [number for table in tables for number in table.numbers]
    lines = []
    if any(np.isfinite(n.low) for n in numbers):
        lines.append(f"{interval}: 95 % interval over the test pairs (bootstrap), of these trainings.")
    if any(n_seeds > 1 for table in tables for n_seeds in table.n_seeds.values()):
        lines.append("±: standard deviation over seeds.")
    if any(n.standing == BEST for n in numbers):
        unmarked = any(table.rows and not any(n.standing for n in table.numbers) for table in tables)
        where = " Tables without it are not compared." if unmarked else ""
        lines.append(f"{best}: the highest of the column, of what was scored here.{where}")
    if any(n.standing == LIKE_BEST for n in numbers):
        lines.append(
            "†: not distinguishable from it (noise of test pairs and of trainings; 5 %,"
            " Holm's correction over all comparisons of the table)."
        )
    if any(n.standing == BEST_TESTED for n in numbers):
        lines.append("‡: the highest of the tested rows, where the highest of all is not tested. There † refers to ‡.")
    return lines + _explain_untested(tables)


def _explain_untested(tables: Sequence[Table]) -> list[str]:
    """Says which rows are not tested, and why: too few seeds, or a single pair."""
    with_rivals = [table for table in tables if len(table.n_seeds) > 1]
    rivals = [table.n_seeds for table in with_rivals if any(table.intervals)]
    lines = []
    if not all(there for table in with_rivals for there in table.intervals):
        where = "Columns without an interval rest on" if rivals else "There is"
        lines = [f"{where} a single test pair: no interval, and differences are not tested."]
    return lines + _explain_few_seeds(rivals)


def _explain_few_seeds(rivals: list[Mapping[str, int]]) -> list[str]:
    """Says which rows of tables have too few seeds to be tested."""
    numbers = [number for own in rivals for number in own.values()]
    few = dict.fromkeys(name for own in rivals for name, number in own.items() if number < LEAST_SEEDS)
    if not few:
        return []
    why = "the noise between trainings is unknown; give bench --seeds 0,1,2, or hand in three seeds."
    if max(numbers) >= LEAST_SEEDS:
        return [f"Differences from rows of fewer than three seeds ({', '.join(few)}) are not tested: {why}"]
    seeds = "One seed" if max(numbers) == 1 else "Fewer than three seeds"
    return [f"{seeds} a method: differences are not tested, for {why}"]
