"""How much of the embedded corpus's time is encoding: rendering may take little beside it."""

import time
from pathlib import Path

import numpy as np
import pytest

from ffpms.minicorpus import pair
from ffpms.minicorpus.corpus import CorpusConfig, plan_corpus
from ffpms.minicorpus.encode import write_video
from ffpms.minicorpus.pair import PairJob, render_pair

N_ROUNDS = 2


@pytest.mark.bench
def test_rendering_a_pair_beside_encoding_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both in CPU seconds of this process; the first round, which compiles and loads, does not count."""
    config = CorpusConfig(identities=6, shortest=40, longest=40)
    specs, pairs = plan_corpus(config)
    ids = pairs["train"][0]
    spent = {"encoding": 0.0}

    def timed(path: Path, frames: list[np.ndarray], fps: int, crf: float) -> None:
        started = time.process_time()
        write_video(path, frames, fps, crf)
        spent["encoding"] += time.process_time() - started

    monkeypatch.setattr(pair, "write_video", timed)
    rounds = []
    for n in range(1 + N_ROUNDS):
        spent["encoding"], started = 0.0, time.process_time()
        render_pair(
            PairJob(tmp_path / str(n), ids, (specs[ids[0]], specs[ids[1]]), config.compressions, config.difficulty)
        )
        rounds.append(((time.process_time() - started) - spent["encoding"], spent["encoding"]))
    rendering, encoding = np.min(rounds[1:], axis=0)
    print(f"\na pair of 40 frames, CPU seconds: rendering {rendering:.2f}, encoding {encoding:.2f}")
    assert rendering < 2.5 * encoding
