"""Reads the paper's own numbers, which stand beside ours and never among them."""

from functools import cache
from typing import Any

import pandas as pd

import data_manifests
from ffpms.protocol.v1_manifest import UNMIXED

_OF_A_MANIPULATION = 280
"""140 real and 140 fake videos: every printed accuracy is a number of them."""
_OUR_NAMES = {"face-x-ray": "x-ray"}


@cache
def read_paper() -> pd.DataFrame:
    """Reads Li 2020, Tables 1 to 3.

    Columns: table, dataset, compression, manipulation, method, level, metric, value.
    """
    return pd.read_csv(data_manifests.ROOT / "paper_tables.csv")


@cache
def paper_methods() -> frozenset[str]:
    """Returns the methods of the paper, by its names and by ours."""
    names = read_paper()["method"].str.lower()
    return frozenset([*names, *names.replace(_OUR_NAMES)])


def paper_cells(table: str) -> list[dict[str, Any]]:
    """Makes rows of ``leaderboard.csv`` of the paper's numbers on the data of a table of ours.

    The paper gives no threshold.
    """
    about: dict[str, Any] = {"dataset": table, "table": table, "fake_rate_bucket": "all", "source": "paper"}
    about |= {"n_videos": _OF_A_MANIPULATION, "seeds": "", "run_ids": "", "by_seed": "", "standing": ""}
    columns = ("method", "manipulation", "metric", "value")
    return [about | {c: row[c] for c in columns} for row in _on(table).to_dict("records")]


def subtract_paper(cell: dict[str, Any], method: str) -> float:
    """Subtracts the paper's number from a cell; NaN if it has none.

    Method, data, manipulation and metric are the same.
    """
    values = _values(cell["table"])
    return float(cell["value"] - values.get((method, cell["manipulation"], cell["metric"]), float("nan")))


@cache
def _values(table: str) -> dict[tuple[str, str, str], float]:
    """Returns the paper's numbers by method, manipulation and metric."""
    return {(row["method"], row["manipulation"], row["metric"]): row["value"] for row in paper_cells(table)}


@cache
def _on(table: str) -> pd.DataFrame:
    """Returns the paper's numbers on the data of a table of ours, by our names.

    Each comes once: its Table 3 repeats some of Table 2.
    """
    paper = read_paper()
    named = paper["dataset"].where(paper["dataset"] != UNMIXED, UNMIXED + "-" + paper["compression"].astype(str))
    same = paper[(named == table) & paper["manipulation"].notna()]
    metric = same["metric"].where(same["level"] == "video", "frame_" + same["metric"])
    ours = same.assign(method=same["method"].str.lower().replace(_OUR_NAMES), metric=metric)
    return ours.drop_duplicates(["method", "manipulation", "metric"])
