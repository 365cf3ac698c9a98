"""Made-up segments, and the evaluator of AV-Deepfake1M where it is installed."""

import json
from collections.abc import Callable
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.metrics.score_arrays import Rows
from benchmark.metrics.segments import Proposals, Segments

IOUS = [percent / 100 for percent in range(50, 100, 5)]
Evaluate = Callable[..., dict[float, float]]


def segments(rows: list[tuple[int, int, int, float]]) -> Segments:
    """Segments of the videos 0 to 9, each its own pair: video, start, end, confidence."""
    bag, start, end = (np.array([row[k] for row in rows], dtype=np.int64) for k in range(3))
    score, blank = np.array([row[3] for row in rows], dtype=np.float64), np.full(len(rows), "")
    names = tuple(map(str, range(10)))
    return Segments(Rows(bag * 0, score, start, bag, bag, blank, blank, names, names), start, end)


def load_evaluator() -> ModuleType:
    """The compiled part of the package avdeepfake1m, without the rest of it, which needs torchaudio and more."""
    package = find_spec("avdeepfake1m")
    if package is None:
        pytest.skip("avdeepfake1m is not installed: pip install --no-deps avdeepfake1m==0.0.4 (CC BY-NC 4.0)")
    compiled = PathFinder.find_spec("_evaluation", list(package.submodule_search_locations or []))
    assert compiled is not None
    assert compiled.loader is not None
    module = module_from_spec(compiled)
    compiled.loader.exec_module(module)
    return module


def write_json(found: Proposals, folder: Path) -> dict[str, str]:
    """Writes proposals and truth as AV-Deepfake1M's evaluator takes them.

    That ends on a file without a proposal. So a video of which none is there has one of no length, the last of all.
    """
    names = [found.proposed.rows.bag_names[bag] for bag in np.unique([*found.proposed.rows.bag, *found.truth.rows.bag])]
    proposals: dict[str, list[list[float]]] = {name: [] for name in names}
    truth: dict[str, list[list[float]]] = {name: [] for name in names}
    for part, into in ((found.proposed, proposals), (found.truth, truth)):
        for bag, start, end, sure in zip(part.rows.bag, part.start, part.end, part.rows.score, strict=True):
            own = [float(sure)] if into is proposals else []
            into[part.rows.bag_names[bag]].append([*own, int(start), int(end)])
    labels = [{"file": name, "fake_segments": own} for name, own in truth.items()]
    (folder / "p.json").write_text(json.dumps({name: own or [[-2, 0, 0]] for name, own in proposals.items()}))
    (folder / "l.json").write_text(json.dumps(labels))
    return {"proposals_path": str(folder / "p.json"), "labels_path": str(folder / "l.json")}
