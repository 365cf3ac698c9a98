"""Statistics as functions of arrays: bootstrap intervals over clusters, paired comparisons, tests.

Conventions:

- ``label``, ``score`` (N,): as in :mod:`benchmark.metrics`; 0 is real, 1 is fake, a score is the
  probability of fake.
- ``cluster`` (N,): what is drawn with replacement. Videos that share a face belong to one cluster.
- ``metric``: a metric of videos by its name in the leaderboard, or a function of label and score.
- Intervals are of 95 %; p-values are two-sided, in [0, 1].
- Two methods are tested from three trainings of each on; McNemar's test is of two trained models.
- NaN is returned where a number is not defined, for example the interval of a single cluster.
- :class:`ffpms.errors.ConfigError` is raised on wrong input.

>>> from benchmark import stats
>>> stats.mcnemar(wins=9, losses=1)
0.021484375
"""

from benchmark.stats.plain_arrays import Interval, PairedComparison, bootstrap_interval, paired_comparison
from benchmark.stats.significance import holm, mcnemar

__all__ = ["Interval", "PairedComparison", "bootstrap_interval", "holm", "mcnemar", "paired_comparison"]
