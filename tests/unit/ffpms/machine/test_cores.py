"""How many cores and how much memory a process may use, on every system."""

import os

import pytest
from joblib.externals.loky.backend import context

from ffpms.machine import cores
from ffpms.machine.cores import default_workers, usable_cores, usable_memory

GB = 10**9


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 64 cores and 256 GB, without containers, SLURM and torchrun."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(context, "_cpu_count_cgroup", lambda count: count)
    monkeypatch.setattr(cores, "_machine_memory", lambda: 256 * GB)
    monkeypatch.setattr(cores, "memory_limit", lambda: None)
    monkeypatch.setattr(cores, "core_limit", lambda: None)
    for name in [name for name in os.environ if name.startswith(("SLURM_", "LOCAL_WORLD", "LOKY_"))]:
        monkeypatch.delenv(name)


def test_only_cores_that_the_process_is_bound_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert usable_cores() == 3


@pytest.mark.parametrize(("count", "cores"), [(8, 8), (None, 1)])
def test_where_the_system_does_not_tell_all_count(
    monkeypatch: pytest.MonkeyPatch, count: int | None, cores: int
) -> None:
    """macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(context, "_cpu_count_affinity", lambda count: count)  # it warns on Linux alone
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert usable_cores() == cores


def test_the_cpu_quota_of_a_container_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """``docker run --cpus 1.5`` leaves the affinity as it is."""
    monkeypatch.setattr(context, "_cpu_count_cgroup", lambda _: 2)
    assert usable_cores() == 2


@pytest.mark.parametrize(
    ("slurm", "expected"),
    [
        ({"SLURM_CPUS_ON_NODE": "32"}, 32),
        ({"SLURM_CPUS_ON_NODE": "32", "SLURM_CPUS_PER_TASK": "8"}, 8),
        ({"SLURM_CPUS_PER_TASK": "128"}, 64),
        ({"SLURM_CPUS_PER_TASK": ""}, 64),
    ],
)
def test_slurm_says_how_many_cores_a_task_has(
    monkeypatch: pytest.MonkeyPatch, slurm: dict[str, str], expected: int
) -> None:
    for name, value in slurm.items():
        monkeypatch.setenv(name, value)
    assert usable_cores() == expected


@pytest.mark.parametrize(("ranks", "expected"), [("4", 16), ("100", 1)])
def test_ranks_of_torchrun_share_the_cores(monkeypatch: pytest.MonkeyPatch, ranks: str, expected: int) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", ranks)
    assert usable_cores() == expected


def test_the_limits_of_control_groups_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "memory_limit", lambda: 8 * GB)
    monkeypatch.setattr(cores, "core_limit", lambda: 3)
    assert (usable_memory(), usable_cores()) == (8 * GB, 3)


def test_slurm_says_how_much_memory_a_job_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "4")
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "2048")
    assert usable_memory() == 4 * 2048 * 2**20
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "4096")
    assert usable_memory() == 4096 * 2**20


@pytest.mark.parametrize(("memory", "workers"), [(256 * GB, 64), (16 * GB, 16), (GB // 2, 1), (None, 64)])
def test_a_build_starts_no_more_workers_than_there_is_memory_for(
    monkeypatch: pytest.MonkeyPatch, memory: int | None, workers: int
) -> None:
    monkeypatch.setattr(cores, "_machine_memory", lambda: memory)
    assert default_workers() == workers


def test_this_machine_tells() -> None:
    assert (usable_memory() or GB) > GB // 10
