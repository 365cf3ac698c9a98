"""Calibration of a trained model: a temperature and thresholds, chosen on val scores only."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmark.metrics.accuracy import THRESHOLD
from benchmark.metrics.calibration import COLDEST, HOTTEST, fit_temperature, scale
from benchmark.metrics.val_scores import ValScores, choose_threshold
from benchmark.runs.folder import Run
from ffpms.checks import check_choice, check_type, number, settle, shown, whole
from ffpms.errors import ConfigError

FIXED, VAL = "fixed", "val"
"""Names of thresholds: 0.5, and the one with the highest accuracy (mean of both classes) on val."""


@dataclass(frozen=True)
class Calibration:
    """How the scores of a model become probabilities, and from which on a video counts as fake.

    All of it is of val scores. A calibrated probability is sigmoid(logit / ``temperature``).
    ``thresholds`` are calibrated probabilities by name: ``fixed``, which is 0.5, and ``val``. The
    latter is there only if val has both real and fake videos; else the temperature is 1.
    ``real_val_prob`` are the calibrated probabilities of the real val videos with a face, sorted.
    ``n_fake`` is the number of fake ones with a face, which in FFPMS are partially fake.

    Raises:
        ConfigError: a value is no number, out of range, or has an unknown name. Or ``fixed`` is
            missing.

    Example:
        >>> own = Calibration(2.0, real_val_prob=(0.1, 0.2, 0.3, 0.7), n_fake=4)
        >>> own.count_as_high(0.3), own.share_as_high(0.3)
        (2, 0.5)
    """

    temperature: float = 1.0
    thresholds: Mapping[str, float] = field(default_factory=lambda: {FIXED: THRESHOLD})
    real_val_prob: tuple[float, ...] = ()
    n_fake: int = 0

    def __post_init__(self) -> None:
        temperature = number("temperature", self.temperature)
        if not COLDEST <= temperature <= HOTTEST:  # nor is NaN
            raise ConfigError(f"temperature: {temperature} is not in {COLDEST}..{HOTTEST:g}")
        check_type("thresholds", self.thresholds, Mapping)
        for name in self.thresholds:
            check_choice("thresholds", name, (FIXED, VAL))
        if FIXED not in self.thresholds:
            raise ConfigError(f"thresholds: {FIXED} is missing")
        check_type("real_val_prob", self.real_val_prob, tuple)
        settle(
            self,
            temperature=temperature,
            thresholds={name: _as_prob(f"thresholds.{name}", own) for name, own in self.thresholds.items()},
            real_val_prob=tuple(sorted(_as_prob("real_val_prob", prob) for prob in self.real_val_prob)),
            n_fake=whole("n_fake", self.n_fake, low=0),
        )

    @property
    def n_real(self) -> int:
        """Number of real val videos."""
        return len(self.real_val_prob)

    def apply(self, score: Any) -> np.ndarray:
        """Returns calibrated probabilities of a video's scores.

        Shape: (N,) in 0..1 -> (N,) in 0..1.
        """
        return scale(np.asarray(score, np.float64), self.temperature)

    def count_as_high(self, video_prob: float) -> int:
        """Number of real val videos with at least this calibrated probability."""
        return self.n_real - int(np.searchsorted(self.real_val_prob, video_prob, side="left"))

    def share_as_high(self, video_prob: float) -> float:
        """Share of the real val videos with at least this calibrated probability.

        NaN if val has no real video.
        """
        return self.count_as_high(video_prob) / self.n_real if self.n_real else float("nan")


def _as_prob(name: str, value: Any) -> float:
    prob = number(name, value)
    if math.isnan(prob) or not 0 <= prob <= 1:
        raise ConfigError(f"{name}: {shown(value)} is not in 0..1")
    return prob


def calibrate(run: Run) -> Calibration:
    """Calibrates a run on its val scores, with the temperature and threshold of the leaderboard.

    A video without a face has a score of 0.5 there. It takes no part in ``real_val_prob``, for such
    a video gets no verdict.

    Raises:
        ManifestError: its val scores have pairs of the test.
    """
    with_face = run.val.loc[run.val["level"] == "frame", "bag_id"]
    own = run.val[(run.val["level"] == "video") & run.val["bag_id"].isin(with_face)]
    videos = ValScores(own, frozenset(run.scores["pair_id"]))
    both = ValScores.of(run)
    temperature = fit_temperature(both) if both else 1.0
    thresholds = {FIXED: THRESHOLD}
    if both:
        thresholds[VAL] = float(scale(np.array(choose_threshold(both)), temperature))
    real = scale(videos.score[videos.label == 0], temperature)
    return Calibration(temperature, thresholds, tuple(map(float, real)), int(videos.label.sum()))
