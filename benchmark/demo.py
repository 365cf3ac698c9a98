"""``ffpms demo``: corpus, build, bench, report and one prediction, with its progress on screen."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from benchmark.bench import Outcome, bench, make_grid
from benchmark.figures.fake_rate import grid_curve
from benchmark.figures.plotting import draw_bars, write_curve
from benchmark.inference.page.page import render_page
from benchmark.inference.predict import make_sampling, predict
from benchmark.inference.wording import describe
from benchmark.leaderboards.labels import factor_out
from benchmark.models.loading import open_model
from benchmark.report.write import ReportPlan, write_report
from benchmark.runs.collection import read_collection
from benchmark.train_config import CACHED, PACKAGED, TrainConfig
from benchmark.training.device import Machine, choose_device
from benchmark.training.weights import PACKAGED_BACKBONE
from ffpms.builder.build import build
from ffpms.builder.config import BuildConfig
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import FfpmsError
from ffpms.machine.cores import usable_cores
from ffpms.minicorpus.corpus import CorpusConfig, make_corpus
from ffpms.parquet import read_table
from ffpms.progress import Log, Progress
from ffpms.protocol.crop_config import CropConfig
from ffpms.schema import SOURCE, VIDEO, Split, Status
from ffpms.storage import write_whole

METHODS = ("s-mil", "xn-avg", "xn-max")
"""Methods that the demo trains."""
SEEDS = 3
"""Number of trainings of each."""
PEOPLE, SHARES = 72, (3, 2, 4)
"""People of the corpus, and how train, val and test share them."""
SIZE = 112
EPOCHS = 40
"""Epochs of a head on embeddings of a frozen backbone, so that the demo ends in minutes."""

RATES = (0.05, 0.25, 0.5, 1.0)
"""Fake rates of the curve in the terminal."""


def run_demo(
    out: Path, seed: int, workers: int, log: Log, progress: Progress, print_board: Callable[[Outcome], None]
) -> None:
    """Runs every step below ``out``; a second call skips what is done.

    ``print_board`` prints the leaderboard.
    """
    started = time.monotonic()
    torch.set_num_threads(usable_cores())

    def log_timed(text: str) -> None:
        log(f"[{time.monotonic() - started:4.0f} s] {text}")

    log_timed(f"1/6 rendering people and fakes, encoding them like FaceForensics++ c40: {out / 'corpus'}")
    people = CorpusConfig(identities=PEOPLE, shares=SHARES, seed=seed)
    pairs = make_corpus(out / "corpus", people, workers, progress)
    log_timed(f"2/6 building the partial-attack set: {out / 'ffpms-data'}")
    config = BuildConfig(crop=CropConfig(size=SIZE))
    report = build(out / "corpus", out / "ffpms-data", pairs=pairs, config=config, workers=workers, progress=progress)
    log(report.describe())
    log_timed(f"3/6 training and scoring on {PACKAGED_BACKBONE}: {out / 'runs'}")
    machine = Machine(choose_device("auto"), progress=progress, log=log_timed)
    print_board(_train_and_score(BuiltSet.load(out / "ffpms-data"), out / "runs", seed, machine))
    log_timed("4/6 accuracy against fake rate")
    collection = read_collection(out / "runs")
    curve = grid_curve(collection.runs)
    write_curve(curve, out / "curve.png", f"Minicorpus, seed {seed}: accuracy against fake rate")
    log(draw_bars(curve[curve["low"].isin(RATES) & (curve["metric"] != "tpr")]))
    log_timed(f"5/6 all of it as one page: {out / 'report.html'}")
    plan = ReportPlan(out / "runs", out / "report.html", (out / "ffpms-data",), pictures=False)
    write_report(plan, collection, progress)
    log_timed(f"6/6 a verdict on one test video: {out / 'verdict.html'}")
    run = next(run for run in collection.runs if run.method == METHODS[0])
    log(_predict_one(out, run.run_id))
    pages = ("report.html", "verdict.html", "curve.png", "runs/leaderboard.md", "ffpms-data/README.md")
    log(f"\nHere: {', '.join(str(out / page) for page in pages)}")
    log(conclude(curve))
    log("With FaceForensics++: ffpms build --ff-root DIR, then ffpms bench --methods smil,xn-avg,xn-max")


def _train_and_score(data: BuiltSet, out: Path, seed: int, machine: Machine) -> Outcome:
    """Trains the demo's methods and returns what came out.

    Raises:
        FfpmsError: a method failed.
    """
    base = TrainConfig(
        method="",
        manipulations=(),
        backbone=PACKAGED_BACKBONE,
        weights_sha256=PACKAGED,
        tune=CACHED,
        frame_faces="drawn",
        select="val-loss",
        epochs=EPOCHS,
        lr_halved_every=EPOCHS,
    )
    seeds = range(seed, seed + SEEDS)
    grid = make_grid(data, [replace(base, method=m) for m in METHODS], seeds, each=False)
    outcome = bench(grid, out, machine, {PACKAGED: Path(PACKAGED)})
    if outcome.failures:
        raise FfpmsError(f"a method failed: {outcome.failures[0]}")
    return outcome


def _predict_one(out: Path, run_id: str) -> str:
    """Scores a fake test video with a run's model, writes its page, and returns its line."""
    video = out / "corpus" / _first_fake(out / "ffpms-data")
    model = open_model(out / "runs" / run_id)
    verdicts = predict([video], model)
    write_whole(out / "verdict.html", render_page(verdicts, model, make_sampling(model, None, None)))
    return describe(verdicts[0])


def _first_fake(data: Path) -> str:
    """Returns the path of the first fake test video, relative to its tree."""
    videos = read_table(data / "videos.parquet", VIDEO)
    fake = videos[(videos["split"] == Split.TEST) & (videos["label"] == 1) & (videos["status"] == Status.OK)].iloc[0]
    sources = read_table(data / "sources.parquet", SOURCE).set_index("source_video")
    return str(sources.loc[fake["bag_id"], "path"])


def conclude(curve: pd.DataFrame) -> str:
    """Summarises the curve in one line."""
    ranked, parts = curve[curve["metric"] == "auc"], []
    names, _ = factor_out(dict.fromkeys(ranked["method"]))
    for method, points in ranked.groupby("method", sort=False):
        first, last = points.iloc[0], points.iloc[-1]
        parts.append(f"{names[str(method)]} {100 * first['value']:.0f} -> {100 * last['value']:.0f}")
    low, high = 100 * ranked["low"].min(), 100 * ranked["high"].max()
    return f"The curve: video AUC (%) from {low:.0f} to {high:.0f} % fake frames: {'; '.join(parts)}"
