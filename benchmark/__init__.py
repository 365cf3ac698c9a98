"""Joins the data set and the detectors: trains, scores, and tabulates."""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "TrainConfig",
    "TrainedModel",
    "TrainedRun",
    "grid_curve",
    "leaderboard",
    "make_board",
    "open_model",
    "open_run",
    "pack",
    "predict",
    "read_runs",
    "tabulate_robustness",
    "train",
    "write_curve",
]

if TYPE_CHECKING:
    from benchmark import metrics as metrics
    from benchmark import stats as stats
    from benchmark.bench import train
    from benchmark.figures.fake_rate import grid_curve
    from benchmark.figures.plotting import write_curve
    from benchmark.figures.robustness import tabulate_robustness
    from benchmark.finished_run import TrainedRun, open_run
    from benchmark.inference.predict import predict
    from benchmark.leaderboards.board import leaderboard, make_board
    from benchmark.models.loading import open_model
    from benchmark.models.packing import pack
    from benchmark.models.trained_model import TrainedModel
    from benchmark.runs.collection import read_runs
    from benchmark.train_config import TrainConfig
else:
    _PACKAGES = ("metrics", "stats")
    _HOMES = {
        "TrainConfig": "benchmark.train_config",
        "TrainedModel": "benchmark.models.trained_model",
        "TrainedRun": "benchmark.finished_run",
        "grid_curve": "benchmark.figures.fake_rate",
        "leaderboard": "benchmark.leaderboards.board",
        "make_board": "benchmark.leaderboards.board",
        "open_model": "benchmark.models.loading",
        "open_run": "benchmark.finished_run",
        "pack": "benchmark.models.packing",
        "predict": "benchmark.inference.predict",
        "read_runs": "benchmark.runs.collection",
        "tabulate_robustness": "benchmark.figures.robustness",
        "train": "benchmark.bench",
        "write_curve": "benchmark.figures.plotting",
    }

    def __getattr__(name: str) -> object:
        """Imports a public name on first use, so that ``import benchmark`` is quick (PEP 562)."""
        if name in _PACKAGES:
            return import_module(f"{__name__}.{name}")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *_PACKAGES})
