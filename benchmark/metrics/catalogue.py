"""Collects every metric of the leaderboard by name, in the order of its rows."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import benchmark.metrics
from benchmark.metrics.metric import Metric

_FIRST = (
    *("accuracy_metrics", "ranking", "calibration", "pooled_frames", "within_video"),
    *("temporal_localisation", "av_deepfake1m"),
)
"""The files whose metrics come first, in this order. Other files follow in the order of names."""


def collect() -> dict[str, Metric]:
    """The ``METRICS`` of every file of this folder.

    Raises:
        ValueError: two metrics have the same name.
    """
    found: dict[str, Metric] = {}
    for metric in _registered():
        if metric.name in found:
            raise ValueError(f"{metric.name}: two metrics have this name")
        found[metric.name] = metric
    return found


def _registered() -> Iterator[Metric]:
    package = benchmark.metrics
    others = sorted({module.name for module in iter_modules(package.__path__)} - {*_FIRST, "catalogue"})
    for name in (*_FIRST, *others):
        yield from getattr(import_module(f"{package.__name__}.{name}"), "METRICS", ())


METRICS = collect()
