"""Charts of the report as Vega-Lite specifications, whose colours are those of the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.report.series import Series

Spec = dict[str, Any]

HIDDEN = "hidden"
"""The parameter of every chart with the keys of the series that are not shown."""
_HEIGHT, _SQUARE = 280, 380

_CONFIG: Spec = {
    "aria": False,  # the figure has a description, and its numbers as a table
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        **{"labelColor": "var(--soft)", "titleColor": "var(--soft)", "labelFontSize": 12, "titleFontSize": 12},
        **{"gridColor": "var(--line)", "domainColor": "var(--edge)", "tickColor": "var(--edge)"},
        **{"titleFontWeight": "normal", "titlePadding": 8, "labelPadding": 4, "tickCount": 6},
    },
}


@dataclass(frozen=True)
class Axis:
    """An axis: its title, its ends where they are fixed, and its kind in Vega-Lite's words."""

    title: str
    domain: tuple[float, float] | None = None
    kind: str = "quantitative"

    def encode(self, field: str, **more: Any) -> Spec:
        """Encodes a column along the axis."""
        scale: Spec = {"zero": False, "nice": self.domain is None}
        scale |= {"domain": list(self.domain)} if self.domain else {}
        own: Spec = {"scale": scale} if self.kind == "quantitative" else {"sort": None}
        title = self.title or None
        return {"field": field, "type": self.kind, "title": title, **own, **more}


@dataclass(frozen=True)
class Look:
    """How points are drawn. ``spread``: an ``area`` or a ``rule`` from low to high, or none.

    ``dots`` stand side by side with rules, without lines. ``line`` is one for comparison.
    """

    spread: str = ""
    points: bool = True
    line: tuple[tuple[float, float], ...] = ()
    square: bool = False


def draw(values: list[Spec], series: Sequence[Series], x: Axis, y: Axis, look: Look) -> Spec:
    """Draws values with the columns key, name, text, x, value, low and high.

    ``key`` names the series, ``text`` is what a tooltip says.
    """
    return {
        "data": {"values": values},
        "width": "container",
        "height": _SQUARE if look.square else _HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "params": [{"name": HIDDEN, "value": []}],
        "layer": list(_layers(values, series, x, y, look)),
        "config": _CONFIG,
    }


def _layers(values: Sequence[Spec], series: Sequence[Series], x: Axis, y: Axis, look: Look) -> Iterator[Spec]:
    dots = look.spread == "dots"
    across = x.encode("x", axis={"labelAngle": 0, "grid": False}) if dots else x.encode("x", axis={"tickMinStep": 1})
    shared = {"x": across, "color": _scale(series, "colour")}
    if dots:
        order = [one.key for one in series]
        shared["xOffset"] = {"field": "key", "sort": order, "scale": {"domain": order, "paddingOuter": 0.6}}
    if look.line:
        yield _reference(look.line, x, y)
    if look.spread and any(value["low"] is not None for value in values):
        mark = {"type": "area", "opacity": 0.14} if look.spread == "area" else {"type": "rule", "strokeWidth": 1.4}
        yield _layer(mark, shared | {"y": y.encode("low"), "y2": {"field": "high"}})
    if not dots:
        yield _layer(
            {"type": "line", "strokeWidth": 2}, shared | {"y": y.encode("value"), "strokeDash": _scale(series, "dash")}
        )
    mark = {"type": "point", "filled": True, "size": 42, "opacity": 1 if look.points else 0}
    told = [("name", "method"), ("text", "value"), ("x", x.title or "of")]
    tooltip = [{"field": field, "title": title, "type": "nominal"} for field, title in told]
    yield _layer(mark, shared | {"y": y.encode("value"), "shape": _scale(series, "shape"), "tooltip": tooltip})


def _layer(mark: Spec, encoding: Spec) -> Spec:
    """Makes a layer of the series that are not hidden."""
    return {"transform": [{"filter": f"indexof({HIDDEN}, datum.key) < 0"}], "mark": mark, "encoding": encoding}


def _reference(points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> Spec:
    mark = {"type": "line", "stroke": "var(--edge)", "strokeWidth": 1, "strokeDash": [4, 4]}
    rows = [{"x": across, "value": up} for across, up in points]
    return {"data": {"values": rows}, "mark": mark, "encoding": {"x": x.encode("x"), "y": y.encode("value")}}


def _scale(series: Sequence[Series], look: str) -> Spec:
    """Encodes the series by colour, dash or shape, without a legend: the page has one."""
    looks = [list(one.dash) if look == "dash" else getattr(one, look) for one in series]
    scale = {"domain": [one.key for one in series], "range": looks}
    return {"field": "key", "type": "nominal", "scale": scale, "legend": None}
