"""The command that makes a row of the leaderboard again, from the settings that its runs stored."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmark.leaderboards.labels import PAPER, RANDOM_BACKBONE, format_setting
from benchmark.runs.folder import Run
from benchmark.train_config import PACKAGED
from ffpms.protocol.naming import WHOLE
from ffpms.protocol.rendered import TITLE
from ffpms.protocol.v1_manifest import OFFICIAL, UNMIXED

_TOLD_OTHERWISE = ("method", "manipulations", "backbone", "pretrained", "weights_sha256", "options", "ranks", "seed")


def write_command(runs: Sequence[Run], data: str = "DATA") -> str:
    """Writes the command of the runs of one row, which differ in seed and manipulations alone.

    ``data`` is the folder of the set that was scored, ``DATA`` where it is not known. If they were
    trained on another set, that one is ``DATA``. Of ``WEIGHTS``, ``SCORES`` and ``SUBMISSION`` a
    run keeps the hash alone. What a run of another version knows and this one has no flag for
    follows as a comment.
    """
    first = runs[0]
    if first.external:
        own = [] if first.dataset in OFFICIAL else ["--data", data]
        if first.card:
            return shlex.join(["ffpms", "evaluate", "--submission", "SUBMISSION", *own])
        val = ["--val-scores", "VAL_SCORES"] if first.settings.get("val_scores") else []
        return shlex.join(["ffpms", "evaluate", "--scores", "SCORES", *val, "--name", first.method, *own])
    ranks = first.settings.get("ranks", 1)
    launch = f"torchrun --nproc-per-node {ranks} $(which ffpms)" if ranks > 1 else "ffpms"
    seeds = ",".join(dict.fromkeys(str(run.seed) for run in runs))
    trained = [run.origin or run for run in runs]
    sets = ["--data", "DATA", "--test-data", data] if first.origin else ["--data", data]
    words = ["bench", "--methods", first.method, *sets, *_flags(trained[0]), "--seeds", seeds]
    words += ["--train-on", "each"] if all(len(run.manipulations) == 1 for run in trained) else []
    unknown = [f"{key}={format_setting(value)}" for key, value in first.settings.items() if key not in PAPER]
    comment = f"  # not in this version: {', '.join(unknown)}" if unknown else ""
    return f"{launch} {shlex.join(words)}{' '.join(comment.splitlines())}"


def _flags(run: Run) -> Iterator[str]:
    settings, defaults = run.settings, {**PAPER, **run.defaults}
    if run.dataset.startswith(UNMIXED) or (run.dataset.startswith(TITLE) and WHOLE in run.dataset):
        yield "--unmixed"
    if settings.get("backbone") not in (None, run.defaults.get("backbone")):
        yield from ("--backbone", str(settings["backbone"]))
    yield from _weights(settings)
    for option in settings.get("options", ()):
        yield from ("--set", f"{run.method}.{option}")
    for key in PAPER:
        if key not in _TOLD_OTHERWISE and key in settings and settings[key] != defaults[key]:
            yield from (f"--{key.replace('_', '-')}", str(settings[key]))


def _weights(settings: Mapping[str, Any]) -> Iterator[str]:
    if own := settings.get("weights_sha256"):
        yield from ("--weights", PACKAGED if own == PACKAGED else "WEIGHTS")
    elif not settings.get("pretrained", True) and settings.get("backbone") != RANDOM_BACKBONE:
        yield "--no-pretrained"
