"""Tables of a model card: the results of its run with their intervals, and the sizes of its set."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmark.metrics.catalogue import METRICS
from ffpms.schema import ORIGINAL


def tabulate_results(whole: pd.DataFrame) -> str:
    """Tabulates each metric of videos and frames: a metric a row, a manipulation a column."""
    columns = list(dict.fromkeys(whole["manipulation"]))
    cells = {(row["metric"], row["manipulation"]): row for row in whole.to_dict("records")}
    used = [name for name, about in METRICS.items() if about.level != "segment" and name in set(whole["metric"])]
    body = [[METRICS[name].title, *(_cell(cells.get((name, column))) for column in columns)] for name in used]
    counts = ["test videos", *(str(cells[used[0], column]["n_videos"]) for column in columns)]
    return _table(["", *columns], [*body, counts])


def _cell(row: Mapping[Any, Any] | None) -> str:
    if row is None or not np.isfinite(row["value"]):
        return ""
    interval = f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]" if np.isfinite(row["ci_low"]) else ""
    return f"{row['value']:.3f}{interval}"


def explain_interval(whole: pd.DataFrame) -> str:
    """Says what the brackets of the table are, if there are any."""
    if not np.isfinite(whole["ci_low"]).any():
        return "There is a single test pair, so that no interval is known."
    return "In brackets: the 95 % interval over the pairs of test videos (bootstrap)."


def explain_metrics(whole: pd.DataFrame, mixed: bool) -> Iterator[str]:
    """Explains what a reader of the table might take for something else.

    ``mixed`` says whether some fake test videos have real frames.
    """
    yield "Video accuracy is the mean of the shares of real and of fake videos called right."
    if "all" in set(whole["manipulation"]):
        yield "`all` are all manipulations together."
    if mixed:
        yield "In fake test videos some frames are real, so these numbers are not those of whole fakes."


def tabulate_bags(bags: Mapping[str, Mapping[str, int]]) -> str:
    """Tabulates the numbers of videos with faces: a split a row, a manipulation a column."""
    columns = list(dict.fromkeys(kind for counts in bags.values() for kind in counts))
    if not columns:
        return ""
    head = ["videos with faces", *("real" if kind == ORIGINAL else kind for kind in columns)]
    return _table(head, [[split, *(str(counts.get(kind, 0)) for kind in columns)] for split, counts in bags.items()])


def _table(head: list[str], body: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in body)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
