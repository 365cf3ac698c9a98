"""Made-up runs: scores of pairs of videos, as ``ffpms bench`` leaves them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmark.runs.folder import Run
from ffpms.dataset.segments import find_segments
from ffpms.schema import FEWER_SCORE, GRID_SCORE

ALL = ("DF", "F2F")
N_SLOTS = 20


def scores(
    seed: int,
    n_pairs: int = 8,
    manipulations: tuple[str, ...] = ALL,
    split: str = "test",
    contiguous: bool = False,
    skill: float = 0.2,
) -> pd.DataFrame:
    """Video and frame rows of n pairs, each of two originals and two fakes a manipulation; labels need no seed."""
    draw, rows = np.random.default_rng(seed), []
    for pair in range(n_pairs):
        for kind in ("original", *manipulations):
            for half in "ab":
                n_fake = 0 if kind == "original" else 1 + (pair * 3) % 19
                fake = [(k if contiguous else 7 * k) % N_SLOTS for k in range(n_fake)]
                bag = {"bag_id": f"{kind}_{split}{pair}{half}", "manipulation": kind, "pair_id": f"{split}{pair}"}
                bag |= {"fake_rate": n_fake / N_SLOTS, "status": "ok", "weight": None, "track_id": 0}
                score = float(np.clip(draw.normal(0.4 + skill * (n_fake > 0), 0.2), 0, 1))
                rows.append(bag | {"level": "video", "slot": -1, "y_true": int(n_fake > 0), "score": score})
                rows += [
                    bag | {"level": "frame", "slot": s, "y_true": int(s in fake), "score": draw.random()}
                    for s in range(N_SLOTS)
                ]
    return pd.DataFrame(rows)


def names(labels: pd.Series) -> set[str]:
    """The methods of labels such as ``s-mil [epochs=2]``."""
    return {label.partition(" [")[0] for label in labels}


def run(
    seed: int = 0,
    method: str = "s-mil",
    manipulations: tuple[str, ...] = ALL,
    dataset: str = "FFPMS-custom",
    data: str = "abc",
    skill: float = 0.2,
    n_pairs: int = 8,
    **settings: object,
) -> Run:
    """A run of a method; its scores depend on the seed and on the method's name."""
    about = {"method": method, "manipulations": list(manipulations), "seed": seed, "epochs": 30} | settings
    own = seed + sum(map(ord, method))
    test = scores(own, n_pairs, manipulations, skill=skill)
    val = scores(own + 1, n_pairs, manipulations, split="val", skill=skill)
    return make_run(f"{method}-{seed}" + f"-{data}" * (data != "abc"), about, dataset, data, test, val)


def make_run(
    name: str, settings: dict[str, Any], dataset: str, sha256: str, test: pd.DataFrame, val: pd.DataFrame
) -> Run:
    """A run of these scores on a set, without a rate grid."""
    return Run(
        run_id=name,
        method=settings["method"],
        seed=settings["seed"],
        manipulations=tuple(settings["manipulations"]),
        settings=settings,
        dataset=dataset,
        data_sha256=sha256,
        code_sha256="code",
        scores=test,
        val=val,
        grid=pd.DataFrame(columns=GRID_SCORE.names),
        fewer=pd.DataFrame(columns=FEWER_SCORE.names),
        segments=segments_of(test),
    )


def keep_one_pair(run: Run, kind: str) -> Run:
    """The run without the fakes of a manipulation but those of the first test pair."""
    left = run.scores[(run.scores["manipulation"] != kind) | (run.scores["pair_id"] == "test0")]
    return replace(run, scores=left, segments=segments_of(left))


def train_each(one: Run, kinds: tuple[str, ...]) -> list[Run]:
    """The run as those of a detector for each manipulation, which score its fakes and the real videos."""
    return [
        replace(
            one,
            run_id=f"{one.run_id}-{kind}",
            manipulations=(kind,),
            settings=dict(one.settings) | {"manipulations": [kind]},
            scores=one.scores[one.scores["manipulation"].isin([kind, "original"])],
        )
        for kind in kinds
    ]


def segments_of(table: pd.DataFrame) -> pd.DataFrame:
    """The true segments of a SCORE table in which every slot has a face."""
    return find_segments(table[table["level"] == "frame"].rename(columns={"y_true": "label"}))


def grid_scores(test: pd.DataFrame, seed: int = 0, n_draws: int = 3) -> pd.DataFrame:
    """Every fake bag of a SCORE table at every number of fake frames: the more, the higher it scores."""
    draw, rows = np.random.default_rng(seed), []
    fakes = test[(test["level"] == "video") & (test["y_true"] == 1)]
    for bag in fakes[["manipulation", "bag_id", "pair_id"]].to_dict("records"):
        for k in range(n_draws):
            for n in range(N_SLOTS + 1):
                score = float(np.clip(draw.normal(0.4 + 0.4 * n / N_SLOTS, 0.15), 0, 1))
                rows.append(bag | {"draw": k, "n_fake": n, "fake_rate": n / N_SLOTS, "score": score})
    return pd.DataFrame(rows)


def fewer_scores(test: pd.DataFrame, numbers: tuple[int, ...] = (1, 4, 20)) -> pd.DataFrame:
    """Every bag of a SCORE table at each number of frames: the more, the nearer to its score."""
    videos = test[test["level"] == "video"][["manipulation", "bag_id", "pair_id", "y_true", "fake_rate", "score"]]
    return pd.concat([videos.assign(n_frames=n, score=0.5 + (videos["score"] - 0.5) * n / 20) for n in numbers])
