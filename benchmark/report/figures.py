"""The figures of a section: each with its chart, a description, and its numbers as a table."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from benchmark.figures.fake_rate import name_rates, range_of
from benchmark.figures.points import TITLES
from benchmark.figures.robustness import MEAN
from benchmark.figures.trainings import METRICS as OF_TRAINING
from benchmark.leaderboards.cells import own_cells
from benchmark.metrics.calibration import N_BINS, bin_of
from benchmark.metrics.catalogue import METRICS
from benchmark.report.charts import Axis, Look, Spec, draw
from benchmark.report.curves import Curves
from benchmark.report.series import Series

_PERCENT = "%"
_SHARE = (0.0, 100.0)
_DIAGONAL = ((0.0, 0.0), (100.0, 100.0))
_CHANCE = ((0.0, 50.0), (100.0, 50.0))
_COMPARED = ("accuracy", "auc")
_ALARMS = (1, 5, 10, 20, 50)
"""False alarms in percent that the table of ROC curves has a column for."""


@dataclass(frozen=True)
class Figure:
    """A chart of a section, and the same numbers as a table: ``head`` and ``rows``."""

    part: str
    title: str
    about: str
    look: Look
    spec: Spec
    series: list[Series]
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class _Draft:
    """A figure to make of points: ``column`` names the table's column of a point; '' is none."""

    part: str
    title: str
    about: str
    x: Axis
    y: Axis
    look: Look
    column: Callable[[Any], str]
    digits: int = 1


def make_figures(curves: Curves, cells: pd.DataFrame, series: Mapping[str, Series]) -> list[Figure]:
    """Makes all figures of one set; those without a number are left out."""
    of_curves = (_rates, _frames, _roc, _calibration, _training, _robustness)
    drafts = [*(draft(curves) for draft in of_curves), _kinds(cells)]
    return [_make(draft, points, series) for some in drafts for draft, points in some if len(points)]


def _make(draft: _Draft, points: pd.DataFrame, series: Mapping[str, Series]) -> Figure:
    """Makes a figure of the columns method, x, value and, if there are intervals, low and high."""
    known = points[points["method"].isin(list(series))].to_dict("records")
    shown = [series[method] for method in dict.fromkeys(row["method"] for row in known)]
    text = [_format(row, draft.digits) for row in known]
    values = [
        {"key": series[row["method"]].key, "name": series[row["method"]].name, "text": said}
        | {name: _number(row.get(name)) for name in ("x", "value", "low", "high")}
        for row, said in zip(known, text, strict=True)
    ]
    cells = {(series[row["method"]].name, draft.column(row["x"])): said for row, said in zip(known, text, strict=True)}
    ordered = known if draft.x.kind == "nominal" else sorted(known, key=lambda row: float(row["x"]))
    head = [name for name in dict.fromkeys(draft.column(row["x"]) for row in ordered) if name]
    rows = [[one.name, *(cells.get((one.name, name), "") for name in head)] for one in shown]
    spec = draw(values, shown, draft.x, _with_ends(draft, values), draft.look)
    return Figure(draft.part, draft.title, draft.about, draft.look, spec, shown, head, rows)


def _with_ends(draft: _Draft, values: list[Spec]) -> Axis:
    """Gives an axis of percents its ends: tens, at least 30 apart, as no small step is large.

    The line of chance lies within them, and not on an end.
    """
    y = draft.y
    seen = [value[name] for value in values for name in ("value", "low", "high") if value[name] is not None]
    if y.domain or y.title != _PERCENT or not seen:
        return y
    seen += [up + aside for _, up in draft.look.line for aside in (-1, 1)]
    low, high = 10 * math.floor(min(seen) / 10), 10 * math.ceil(max(seen) / 10)
    low, high = max(0, min(low, high - 30)), min(100, max(high, low + 30))
    return replace(y, domain=(low, high))


def _number(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return round(float(value), 3) if np.isfinite(value) else None


def _format(row: Mapping[Any, Any], digits: int) -> str:
    low, high = row.get("low", np.nan), row.get("high", np.nan)
    spread = f" [{low:.{digits}f}, {high:.{digits}f}]" if np.isfinite(low) else ""
    return f"{row['value']:.{digits}f}{spread}"


def _points(
    table: pd.DataFrame, x: Any, value: str = "value", low: str = "ci_low", high: str = "ci_high", factor: int = 100
) -> pd.DataFrame:
    """Takes the points of a chart from a table; shares become percents."""
    found = pd.DataFrame({"method": table["method"], "x": table[x] if isinstance(x, str) else x})
    for name, column in (("value", value), ("low", low), ("high", high)):
        found[name] = factor * table[column].astype(float) if column in table else np.nan
    return found


def _title(metric: str) -> str:
    return TITLES[metric][0].upper() + TITLES[metric][1:]


_Drafts = Iterator[tuple[_Draft, pd.DataFrame]]


def _rates(curves: Curves) -> _Drafts:
    source = (
        "every fake at every rate"
        if curves.every_rate
        else "each fake at its own rate; a point is all fakes of a quarter of rates"
    )
    x, y = Axis("fake frames (%)", _SHARE), Axis(_PERCENT)
    for metric in (name for name in TITLES if name in set(curves.rate["metric"])):
        own = curves.rate[curves.rate["metric"] == metric]
        about = f"{_title(metric)}, by the share of fake frames ({source})."
        look = Look("area" if curves.every_rate else "rule", line=() if metric == "tpr" else _CHANCE)
        points = _points(own, 50 * (own["low"] + own["high"]))
        name = "{:.0f} %".format if curves.every_rate else _name_quarters(own)
        yield _Draft("rates", _title(metric), about, x, y, look, name), points


def _name_quarters(points: pd.DataFrame) -> Callable[[float], str]:
    """Names the quarter of a rate in percent by the lowest and highest rate of all lines in it."""
    quarters = points.groupby(range_of(points["high"])).agg({"low": "min", "high": "max"})
    names = {place: name_rates(own["low"], own["high"]) for place, own in quarters.iterrows()}
    return lambda rate: names[int(range_of(rate / 100))]


def _frames(curves: Curves) -> _Drafts:
    x, y = Axis("frames looked at"), Axis(_PERCENT)
    for metric in (name for name in _COMPARED if name in set(curves.frames["metric"])):
        own = curves.frames[curves.frames["metric"] == metric]
        about = f"{_title(metric)}, by the number of frames looked at."
        yield _Draft("frames", _title(metric), about, x, y, Look("area"), str), _points(own, "n_frames")


def _roc(curves: Curves) -> _Drafts:
    x, y = Axis("real videos called fake (%)", _SHARE), Axis("fake videos found (%)", _SHARE)
    about = "ROC: fake videos found (%) at each share of false alarms, the mean over seeds, with 95 % bands."
    look = Look("area", points=False, line=_DIAGONAL, square=True)
    column = lambda rate: f"at {rate:.0f} %" if round(rate, 6) in _ALARMS else ""  # noqa: E731
    yield _Draft("roc", "ROC", about, x, y, look, column), _points(curves.roc, 100 * curves.roc["fpr"], "tpr")


def _calibration(curves: Curves) -> _Drafts:
    x, y = Axis("score (%)", _SHARE), Axis("share of fakes (%)", _SHARE)
    about = "Reliability: the share of fakes (%) among videos of a score. On the diagonal scores are probabilities."
    points = _points(curves.reliability, 100 * curves.reliability["score"], "share_fake")
    yield _Draft("roc", "Reliability", about, x, y, Look(line=_DIAGONAL, square=True), _name_bin), points


def _name_bin(percent: float) -> str:
    """Names the bin of a score by its ends: bins are the same for all methods, their means not."""
    low = 100 * int(bin_of(np.array(percent / 100))) / N_BINS
    return f"{low:.0f} to {low + 100 / N_BINS:.0f} %"


def _training(curves: Curves) -> _Drafts:
    for metric, title in OF_TRAINING.items():
        own = curves.training[curves.training["metric"] == metric]
        share = not metric.endswith("loss")
        about = f"{title} by epoch: the mean over seeds, from the lowest to the highest."
        y, look = Axis(_PERCENT if share else "loss"), Look("area", points=False)
        draft = _Draft("training", title, about, Axis("epoch"), y, look, "{:.0f}".format, 1 if share else 3)
        yield draft, _points(own, "epoch", low="low", high="high", factor=100 if share else 1)


def _robustness(curves: Curves) -> _Drafts:
    of_auc = curves.robustness[curves.robustness["metric"] == "auc"]
    x, y = Axis("level; 0 is clean", (0.0, 5.0)), Axis(_PERCENT)
    for kind, own in of_auc.groupby("kind", sort=False):
        title = f"Mean of {len(own['kinds'].iloc[0].split(';'))} kinds" if kind == MEAN else str(kind).capitalize()
        about = f"{METRICS['auc'].title} (%) by level of perturbation, with 95 % bands: {title.lower()}."
        name = lambda level: f"level {level:.0f}" if level else "clean"  # noqa: E731
        yield _Draft("robustness", title, about, x, y, Look("area"), name), _points(own, "level")


def _kinds(cells: pd.DataFrame) -> _Drafts:
    ours = own_cells(cells)
    x, y = Axis("", kind="nominal"), Axis(_PERCENT)
    for metric in _COMPARED:
        about = f"{METRICS[metric].title} (%) on each manipulation, with 95 % intervals."
        own = ours[ours["metric"] == metric].sort_values("manipulation", key=lambda kind: kind == "all", kind="stable")
        points = _points(own, "manipulation")
        yield _Draft("manipulations", METRICS[metric].title, about, x, y, Look("dots"), str), points
