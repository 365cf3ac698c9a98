"""Shortcut audit: can something other than the face tell a fake frame from a real one?

It compares kept fake frames with the swapped-in real frames of the same bag.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from ffpms.protocol.listing import is_alone
from ffpms.schema import FRAME, WITH_PIXELS

FEATURES = ("box_x", "box_y", "box_side", "frame_width", "n_bytes", "rim_sharpness", "rim_luma")
"""The measures that may give a fake frame away."""
ALL = "all"
"""Name of the probe of all manipulations together."""
LEVEL = 0.99
"""Confidence level of every interval.

The classifiers of all bags and of four manipulations together err in at most 1 of 20 sets.
"""
MIN_PAIRS = 8
"""Least number of pairs for an interval.

Fewer pairs all lie on one side of chance by luck more often than 1 - LEVEL: 2 * 0.5 ** 8 < 0.01.
"""
N_RESAMPLES = 2000
N_FOLDS = 5
REFITTED = (1 + N_FOLDS / (N_FOLDS - 1)) ** 0.5
"""Factor by which a cross-validated interval is wider (Nadeau & Bengio 2003).

Folds share most of the data that they are fitted to.
"""
_GEOMETRY = {"scale_x": 1.0, "shift_x": 0.0, "scale_y": 1.0, "shift_y": 0.0}


@dataclass(frozen=True)
class Auc:
    """An AUC within bags and its interval; None where there is too little data."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_above(self) -> bool:
        """Whether the whole interval is above chance."""
        return self.low is not None and self.low > 0.5

    @property
    def is_off(self) -> bool:
        """Whether the whole interval is on one side of chance."""
        return self.is_above or (self.high is not None and self.high < 0.5)


@dataclass(frozen=True)
class AuditProbe:
    """AUCs of some bags: of a classifier of all features, and of each feature alone.

    In ``features`` a feature has one direction for all bags. In ``own`` the direction may differ
    from bag to bag.
    """

    n_bags: int
    n_pairs: int
    reason: str
    classifier: Auc
    features: dict[str, Auc]
    own: dict[str, Auc]

    @property
    def leaks(self) -> bool:
        """Whether the classifier is above chance."""
        return self.classifier.is_above


@dataclass(frozen=True)
class _Layout:
    """Maps each row to its bag and slot.

    Shape: bag, slot (N,); pairs (B, M, M) bool, True at (bag, fake slot, real slot); cluster (B,),
    the bag's pair_id.
    """

    bag: np.ndarray
    slot: np.ndarray
    pairs: np.ndarray
    cluster: np.ndarray

    def wins(self, score: np.ndarray) -> np.ndarray:
        """1 where the fake scores higher than the real slot, -1 where lower, 0 elsewhere.

        Shape: (N,) -> (B, M, M).
        """
        table = np.zeros(self.pairs.shape[:2])
        table[self.bag, self.slot] = score
        return np.asarray(np.sign(table[:, :, None] - table[:, None, :]) * self.pairs)


def audit(
    videos: pd.DataFrame, frames: pd.DataFrame, sources: pd.DataFrame, placement: str = "random"
) -> dict[str, AuditProbe]:
    """Probes all mixed bags together, and those of each manipulation.

    Takes the VIDEO, FRAME and SOURCE tables, and where the recipe places fake frames. The same
    tables give the same numbers each time.
    """
    rows = measure(videos, frames, sources)
    segmented = placement != "random"
    seen = set(rows["manipulation"])
    kinds = [kind for kind in videos["manipulation"].unique() if kind in seen]
    return {ALL: _probe(rows, segmented)} | {k: _probe(rows[rows["manipulation"] == k], segmented) for k in kinds}


def measure(videos: pd.DataFrame, frames: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Measures the features of every slot with pixels, in bags that have real and fake ones.

    Boxes are in the real video's coordinates. ``frame_width`` is the fake frame's width over the
    real one's, as far as a crop shows it: that is, if the frame was resized. A fake that stands
    alone has no frames swapped in, and is left out.
    """
    about = videos.loc[~is_alone(videos), ["bag_id", "manipulation", "pair_id"]]
    frames = frames.drop_duplicates(["bag_id", "slot"])  # the manipulated face, not the others with it
    geometry = sources[["source_video", *_GEOMETRY]].fillna(_GEOMETRY)
    rows = frames.loc[frames["status"].isin(WITH_PIXELS), FRAME.names].merge(about, on="bag_id")
    rows = rows.merge(geometry, on="source_video").astype(dict.fromkeys([*_GEOMETRY, "box_x", "box_y", "box_w"], float))
    rows["box_side"] = (rows["box_w"] / rows["scale_x"]).round(2)
    for axis in "xy":
        rows[f"box_{axis}"] = ((rows[f"box_{axis}"] - rows[f"shift_{axis}"]) / rows[f"scale_{axis}"]).round(2)
    rows["frame_width"] = rows["scale_x"]
    rows = rows.dropna(subset=list(FEATURES))
    mixed: pd.DataFrame = rows[rows.groupby("bag_id")["label"].transform("nunique") == 2]
    return mixed.sort_values(["bag_id", "slot"], ignore_index=True)


def _probe(rows: pd.DataFrame, segmented: bool) -> AuditProbe:
    """Makes one probe of some bags.

    The frames of a segment differ from the others by their time. So in a segmented set no direction
    can be learnt within a bag.
    """
    n_bags, n_pairs = rows["bag_id"].nunique(), rows["pair_id"].nunique()
    if n_pairs < 2:
        return AuditProbe(n_bags, n_pairs, f"pairs of videos with mixed bags: {n_pairs}, of at least 2", Auc(), {}, {})
    layout = _layout(rows)
    wins = {name: layout.wins(rows[name].to_numpy(float)) for name in FEATURES}
    return AuditProbe(
        n_bags,
        n_pairs,
        "" if n_pairs >= MIN_PAIRS else f"pairs of videos: {n_pairs}, of at least {MIN_PAIRS} for an interval",
        _same_direction(layout, layout.wins(_predict(rows)), REFITTED),
        {name: _same_direction(layout, won) for name, won in wins.items()},
        {} if segmented else {name: _own_direction(layout, won) for name, won in wins.items()},
    )


def _layout(rows: pd.DataFrame) -> _Layout:
    bag, names = pd.factorize(rows["bag_id"])
    slot = rows["slot"].to_numpy()
    label = np.full((len(names), slot.max() + 1), -1)
    label[bag, slot] = rows["label"]
    cluster = pd.factorize(rows.drop_duplicates("bag_id")["pair_id"])[0]
    return _Layout(bag, slot, (label == 1)[:, :, None] & (label == 0)[:, None, :], cluster)


def _predict(rows: pd.DataFrame) -> np.ndarray:
    """Scores each row with a logistic regression that was fitted to other pairs of videos.

    Its inputs are the features less the median of their bag.
    """
    # Slow to import, and needed once a build is done
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    groups = pd.factorize(rows["pair_id"], sort=True)[0]
    values = rows[list(FEATURES)].astype(float)
    centred = (values - values.groupby(rows["bag_id"]).transform("median")).to_numpy()
    model, label = make_pipeline(StandardScaler(), LogisticRegression()), rows["label"].to_numpy()
    folds = GroupKFold(min(N_FOLDS, groups.max() + 1))
    scores = cross_val_predict(model, centred, label, groups=groups, cv=folds, method="decision_function")
    return np.asarray(scores)


def _same_direction(layout: _Layout, wins: np.ndarray, widen: float = 1.0) -> Auc:
    """Share of (fake, real) pairs of slots of one bag in which the fake scores higher.

    Ties count half.
    """
    return _auc(wins.sum((1, 2)), layout.pairs.sum((1, 2)), layout.cluster, widen)


def _own_direction(layout: _Layout, wins: np.ndarray) -> Auc:
    """The same AUC, with the direction of each bag learnt from the other half of its slots.

    The even slots say whether fakes are higher or lower among the odd ones, and the odd ones among
    the even. Chance is 0.5. A shift that differs in sign from bag to bag shows.
    """
    won, total = ([values[:, half::2, half::2].sum((1, 2)) for half in (0, 1)] for values in (wins, layout.pairs))
    both = (total[0] > 0) & (total[1] > 0)
    net = np.sign(won[0]) * won[1] + np.sign(won[1]) * won[0]
    return _auc(net, np.where(both, total[0] + total[1], 0), layout.cluster)


def _auc(net: np.ndarray, total: np.ndarray, cluster: np.ndarray, widen: float = 1.0) -> Auc:
    """Computes the AUC and its interval from each bag's wins less losses and number of comparisons.

    The interval is a cluster bootstrap's, stretched for the small number of clusters (Hesterberg
    2015).
    """
    won, compared = (np.bincount(cluster, weights=values) for values in (net, total))
    won, compared = won[compared > 0], compared[compared > 0]
    n = compared.size
    if n < MIN_PAIRS:
        return Auc(_share(won.sum(), compared.sum()) if n else None)
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile((drawn @ won) / (drawn @ compared), [tail, 1 - tail])
    value, stretch = won.sum() / compared.sum(), widen * stdtrit(n - 1, tail) / ndtri(tail) * np.sqrt(n / (n - 1))
    return Auc(*(_share(value + by, 1) for by in (0, stretch * (low - value), stretch * (high - value))))


def _share(net: float, total: float) -> float:
    """Returns wins, ties counting half, over comparisons."""
    return round(float(np.clip(0.5 + net / total / 2, 0, 1)), 4)


def verdict(probes: dict[str, AuditProbe]) -> str:
    """Describes the result of the audit in words."""
    whole = probes[ALL]
    if whole.classifier.low is None:
        return f"Not known ({whole.reason})."
    auc = "AUC {value:.3f}, {level:.0%} interval {low:.3f} to {high:.3f}".format(level=LEVEL, **vars(whole.classifier))
    leaking = [name for name, probe in probes.items() if probe.leaks]
    sentences = [f"At chance: no rule for all bags tells a kept fake frame from a real one of its bag ({auc})."]
    if leaking:
        sentences = [f"Not at chance in {', '.join(leaking)} (all: {auc})."]
    off = {f: [name for name in leaking or [ALL] if probes[name].features[f].is_off] for f in FEATURES}
    named = [f"{feature} ({', '.join(names)})" for feature, names in off.items() if names]
    if named:
        sentences += [f"Off alone: {'; '.join(named)}."]
    own = [f"{name} (AUC {found.value:.3f})" for name, found in whole.own.items() if found.is_above]
    if own:
        sentences += [f"Real and fake frames of a bag differ, in a direction of its own, in {', '.join(own)}."]
    return " ".join(sentences)


def as_json(probes: dict[str, AuditProbe]) -> dict[str, Any]:
    """Returns the content of ``audit`` in ``build.json``."""
    return {"verdict": verdict(probes), "level": LEVEL, "probes": {name: asdict(p) for name, p in probes.items()}}
