"""Workers that die for no file's fault: nothing goes on for ever, and nothing innocent is given up at once."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ffpms.builder.supervisor import await_shards, run_targets, stop_if_all_fail
from ffpms.engine import Died, Done
from ffpms.errors import ConfigError, FfpmsError
from ffpms.extraction.shards import Shard, note_path, read_shard, write_shard
from ffpms.extraction.target_job import TargetJob, TargetResult
from ffpms.protocol.crop_config import CropConfig
from ffpms.sources.listing import Source


def job(out: Path, target: str = "006") -> TargetJob:
    sources = [
        Source(f"{kind}_{target}", f"{kind}/{target}.mp4", kind, target, target, "", "c40", "test")
        for kind in ("original", "DF", "FS")
    ]
    return TargetJob(Path("root"), out, target, tuple(sources), 20, CropConfig())


class Mortal:
    """An engine whose first workers die, each after it has left one of the notes."""

    def __init__(self, *notes: str) -> None:
        self.notes = list(notes)
        self.done: list[TargetJob] = []

    def __call__(self, _: Callable[[Any], Any], jobs: Iterable[Any], workers: int) -> Iterator[Any]:
        for each in jobs:
            if self.notes:
                note = note_path(each.out, each.target_id)
                note.parent.mkdir(parents=True, exist_ok=True)
                note.write_text(self.notes.pop(0))
                yield Died(each)
            else:
                self.done.append(each)
                yield Done(each, each.target_id)


@pytest.mark.parametrize(
    ("notes", "skipped"),
    [
        ((), set()),
        (("DF/006.mp4\n",), set()),
        (("",), set()),
        (("DF/006.mp4\n", "FS/006.mp4\n", ""), set()),
        (("DF/006.mp4\n", "DF/006.mp4\n"), {"DF/006.mp4"}),
        (("DF/006.mp4\nTimeout (0:00:06)!\nThread 0x1:\n",), {"DF/006.mp4"}),
        (("DF/006.mp4\nTimeout!\n", "FS/006.mp4\nTimeout!\n"), {"DF/006.mp4", "FS/006.mp4"}),
        (("", ""), {"original/006.mp4", "DF/006.mp4", "FS/006.mp4"}),
    ],
)
def test_who_is_given_up(tmp_path: Path, notes: tuple[str, ...], skipped: set[str]) -> None:
    engine = Mortal(*notes)
    assert list(run_targets([job(tmp_path)], engine, 1)) == ["006"]
    (done,) = engine.done
    assert set(done.skipped) == skipped


def test_the_others_are_not_done_again(tmp_path: Path) -> None:
    jobs = [job(tmp_path, target) for target in ("006", "007", "008")]
    assert list(run_targets(jobs, Mortal("DF/006.mp4\n"), 1)) == ["007", "008", "006"]


def test_deaths_without_end_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FfpmsError, match="every worker dies at target 006"):
        list(run_targets([job(tmp_path)], Mortal(*[""] * 99), 1))


def test_shards_on_another_disk_are_an_error(tmp_path: Path) -> None:
    write_shard(tmp_path, Shard("006"))
    await_shards(tmp_path, ["006"], timeout_s=0)
    with pytest.raises(FfpmsError, match="1 targets were written elsewhere"):
        await_shards(tmp_path, ["006", "007"], timeout_s=0)


def results(out: Path, *errors: str) -> list[TargetResult]:
    """Targets 0, 1, ... that end with these errors, their shards written."""
    for n in range(len(errors)):
        write_shard(out, Shard(str(n)))
    return [TargetResult(str(n), unexpected=error) for n, error in enumerate(errors)]


@pytest.mark.parametrize("n_jobs", [2, 3, 900])
def test_targets_that_all_fail_alike_stop_the_build(tmp_path: Path, n_jobs: int) -> None:
    """Their texts may differ: they name a file."""
    done = results(tmp_path, *[f"RuntimeError: bad {n}" for n in range(min(n_jobs, 3))])
    with pytest.raises(ConfigError, match=r"all fail alike \(unexpected RuntimeError: bad .\): not the videos but"):
        list(stop_if_all_fail(tmp_path, done, n_jobs))
    assert not any(read_shard(tmp_path, result.target_id) for result in done)


@pytest.mark.parametrize(
    "errors",
    [
        ("",) + ("RuntimeError: bad",) * 5,
        ("RuntimeError: bad", "", "RuntimeError: bad", "RuntimeError: bad"),
        ("RuntimeError: bad", "RuntimeError: bad", "ValueError: bad", "RuntimeError: bad"),
    ],
)
def test_some_targets_that_fail_do_not(tmp_path: Path, errors: tuple[str, ...]) -> None:
    done = results(tmp_path, *errors)
    assert list(stop_if_all_fail(tmp_path, done, 6)) == done
    assert list(stop_if_all_fail(tmp_path, done[-1:], 1)) == done[-1:], "of one target nothing follows"
