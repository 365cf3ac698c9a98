"""Opens a finished run again: its stored scores, its detector, and new scores of any bags."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.face_cache import Read
from benchmark.models.loading import load_run_detector
from benchmark.runs.folder import Run, read_run
from benchmark.training.model import Model
from benchmark.training.predict import make_scorer
from benchmark.trials.requirements import check_order
from benchmark.trials.scoring import tabulate_scores
from detectors.detector import Detector
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.crops import read_crop
from ffpms.errors import ConfigError
from ffpms.parquet import check
from ffpms.schema import SCORE


@dataclass(frozen=True, eq=False)
class TrainedRun(Run):
    """A finished run with its detector, opened by :func:`benchmark.open_run`.

    ``scores``, ``val``, ``grid`` and ``fewer`` are the tables that the run stored.

    Example:
        >>> run = benchmark.open_run(next(Path("runs").glob("s-mil-*")))
        >>> run.method, run.seed, run.manipulations
        ('s-mil', 0, ('DF', 'F2F', 'FS', 'NT'))
        >>> run.detector.training
        False
    """

    folder: Path = Path()
    device: str = "auto"

    @property
    def detector(self) -> Detector:
        """The trained torch module, in eval mode.

        Raises:
            ConfigError: the run holds another tool's scores.
            ManifestError: its weights are lost or damaged.
        """
        return self._model.detector.eval()

    def score(self, bags: BagRecord | Iterable[BagRecord]) -> pd.DataFrame:
        """Scores bags of one set: a row a video and a row a face, in the columns of ``scores``.

        A bag without a face gets 0.5. One that could not be built gets no row, as in ``scores``.
        A run that computed in bfloat16 on a GPU is scored in float32 on a CPU. Its scores then
        differ a little from the stored ones.

        Raises:
            ConfigError: the run holds another tool's scores, or the bags are of several sets, or
                the method sees the order of faces and a bag has several people in a frame.
            ManifestError: its weights or a crop are lost or damaged.

        Example:
            >>> run = benchmark.open_run(next(Path("runs").glob("s-mil-*")))
            >>> again = run.score(ffpms.load("ffpms-data").bags("test"))
            >>> bool(((again["score"] - run.scores["score"]).abs() < 1e-6).all())
            True
        """
        chosen = [bags] if isinstance(bags, BagRecord) else list(bags)
        model, read = self._model, _read_crops_of(chosen)
        check_order(self.method, [bag.bag_id for bag in chosen if bag.crowded], "the data to score")
        score = make_scorer(model, chosen, read)
        rows = tabulate_scores(chosen, score, model.machine.log)
        dataset = chosen[0].dataset if chosen else ""
        rows = rows.assign(run_id=self.run_id, method=self.method, dataset=dataset)
        table: pd.DataFrame = check(rows, SCORE).to_pandas()
        return table

    @cached_property
    def _model(self) -> Model:
        return load_run_detector(self, self.folder, self.device)


def open_run(folder: str | Path, device: str = "auto") -> TrainedRun:
    """Opens a finished run; its detector gets the run's own weights, and no others are fetched.

    Args:
        folder: the run's folder, such as ``runs/s-mil-75d02caf0dba``.
        device: where to score: ``auto`` is the first GPU, else the CPU.

    Raises:
        ManifestError: the folder is no run, the run is not finished, or its files are damaged.

    Example:
        >>> run = benchmark.open_run(next(Path("runs").glob("s-mil-*")))
        >>> list(run.scores.columns[:4])
        ['run_id', 'method', 'dataset', 'manipulation']
    """
    place = Path(folder)
    return TrainedRun(**vars(read_run(place)), folder=place, device=device)


def _read_crops_of(bags: list[BagRecord]) -> Read:
    """Returns a reader of some bags' crops, which checks each against its hash.

    Raises:
        ConfigError: they are no bags, or of several sets, whose crops may share a name.
    """
    if wrong := [bag for bag in bags if not isinstance(bag, BagRecord)]:
        raise ConfigError(f"bags: {str(wrong[0])[:40]!r} is no bag; give those of data.bags('test')")
    if len({(bag.root.resolve(), bag.dataset) for bag in bags}) > 1:
        raise ConfigError("bags: they are of several sets; score each set by itself")
    sha256 = {crop: sha for bag in bags for crop, sha in zip(bag.crops, bag.sha256, strict=True)}

    def read(crop: str) -> np.ndarray:
        return read_crop(bags[0].root, crop, sha256[crop], bags[0].side)

    return read
