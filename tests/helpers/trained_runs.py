"""A run of every registered method on a small set, without a leaderboard."""

from pathlib import Path

import detectors
from benchmark.bench import make_grid
from benchmark.train_config import TrainConfig
from benchmark.trials.configure import settle
from benchmark.trials.runner import run_here
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from ffpms.builder.config import BuildConfig
from ffpms.dataset.loading import load
from ffpms.protocol.crop_config import CropConfig
from tests.conftest import Once
from tests.helpers.tiny_set import CONFIG, PAIRS, add_landmarks, make_set
from tests.helpers.trials import CPU

SIDE = 32


def make_trained(out: Path) -> None:
    """Builds ``set``, squares for faces with landmarks, and trains each method on it in ``runs``."""
    out.mkdir()
    built = make_set(out / "set", PAIRS, BuildConfig(CONFIG.recipe, CropConfig(size=SIDE, margin=1.5)))
    data = load(add_landmarks(built))
    configs = [TrainConfig(name, (), "tiny", epochs=1, train_frames=3, batch_size=4) for name in detectors.names()]
    grid = make_grid(data, configs, [0], each=False)
    trials = [Trial.below(out / "runs", settle(config, CPU, False), own) for own, config in grid]
    assert run_here(trials, Resources(CPU, {}, None)) == []


def find_run(runs: Path, method: str) -> Path:
    """The folder of a method's run."""
    (folder,) = (path.parent for path in runs.glob("*/DONE") if path.parent.name[:-13] == method)
    return folder


def trained_s_mil(once: Once) -> Path:
    """S-MIL's run of those of every method."""
    return find_run(once("trained", make_trained) / "runs", "s-mil")
