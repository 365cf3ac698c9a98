"""The numbers of the leaderboard as lists, from which the page makes any of its tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboards.cells import own_cells
from benchmark.leaderboards.labels import factor_out
from benchmark.leaderboards.rendering.tables import Number
from benchmark.metrics.catalogue import METRICS

_PLAIN = ("brier", "brier_scaled")
"""Metrics that are no share, and so are not shown in percent."""
_PLACES = ("method", "manipulation", "metric", "fake_rate_bucket")


def list_numbers(cells: pd.DataFrame) -> dict[str, Any]:
    """Lists all cells of one table: a row a cell, which names its method and so on by number.

    The paper's rows follow ours. A row has its value, by which the page sorts, and texts to show:
    the figure, its spread and its difference from the paper's, as in ``leaderboard.md``.
    """
    ours, paper = (cells[cells["source"] == source] for source in ("ours", "paper"))
    names, shared = factor_out(dict.fromkeys(ours["method"])) if len(ours) else ({}, "")
    both = pd.concat([ours, paper.assign(method=paper["method"] + " (paper)")]).reset_index(drop=True)
    places = {column: _factorize(both[column]) for column in _PLACES}
    columns: list[list[Any]] = [place for place, _ in places.values()]
    columns.append(both["value"].astype(float).round(6).tolist())
    columns += map(list, zip(*map(_write, both.to_dict("records")), strict=True))
    columns += [both["standing"].fillna("").tolist(), both["n_videos"].tolist()]
    return {
        "methods": [names.get(label, label) for label in places["method"][1]],
        "manipulations": _last_all(places["manipulation"][1]),
        "metrics": [_describe(name) for name in places["metric"][1]],
        "buckets": sorted(places["fake_rate_bucket"][1], key=_order_bucket),
        "keys": {"manipulation": places["manipulation"][1], "bucket": places["fake_rate_bucket"][1]},
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "shared": f"All rows scored here: {shared}." if shared else "",
    }


CALIBRATION = {"ece": "ECE", "ece_scaled": "ECE, scaled", "brier": "Brier", "brier_scaled": "Brier, scaled"}
"""Metrics of calibration with the heads of their columns; T, the temperature, follows them."""


def list_calibration(cells: pd.DataFrame) -> list[list[str]]:
    """Lists the numbers of calibration: a row a method, with the temperature chosen on val last.

    A method that lacks val scores has no scaled ones.
    """
    whole = own_cells(cells)
    own = whole[(whole["manipulation"] == "all") & whole["metric"].isin(list(CALIBRATION))]
    names, _ = factor_out(dict.fromkeys(own["method"])) if len(own) else ({}, "")
    rows = []
    for method, found in own.groupby("method", sort=False):
        values = found.set_index("metric")["value"].reindex(list(CALIBRATION))
        shown = [_show(value, 1 if name in _PLAIN else 100) for name, value in values.items()]
        rows.append([names[str(method)], *shown, _show(found["temperature"].max(), 1)])
    return rows


def _show(value: float, factor: int) -> str:
    return "" if not np.isfinite(value) else f"{value:.3f}" if factor == 1 else f"{factor * value:.1f} %"


def _factorize(column: "pd.Series[Any]") -> tuple[list[int], list[str]]:
    numbers, names = pd.factorize(column)
    return numbers.tolist(), [str(name) for name in names]


def _write(row: Mapping[Any, Any]) -> tuple[str, str, str]:
    """Writes a cell's figure, its spread and its difference from the paper's; '' if it has none."""
    factor, digits = (1, 3) if row["metric"] in _PLAIN else (100, 2)
    value, low, high, std = (factor * row[name] for name in ("value", "ci_low", "ci_high", "std"))
    number = Number(value, low, high, std, digits=digits)
    minus = Number(factor * row["minus_paper"], difference=True, digits=digits)
    return number.figure, number.spread, minus.figure if np.isfinite(minus.value) else ""


def _last_all(names: list[str]) -> list[str]:
    return [name for name in names if name != "all"] + [name for name in names if name == "all"]


def _order_bucket(name: str) -> int:
    return -1 if name == "all" else int(name.partition("-")[0])


def _describe(name: str) -> dict[str, Any]:
    about = METRICS.get(name)
    if about is None:
        return {"name": name, "title": name, "compared": False, "percent": True, "best": 1.0}
    percent = name not in _PLAIN
    return {"name": name, "title": about.title, "compared": about.compared, "percent": percent, "best": about.best}
