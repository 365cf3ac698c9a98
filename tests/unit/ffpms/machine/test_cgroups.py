"""What control groups allow a process: the least of its own group's limit and of all its parents'."""

from pathlib import Path

import pytest

from ffpms.machine.cgroups import core_limit, memory_limit

GB = 10**9
V2, V1 = "0::/batch/job_7/step_0\n", "12:cpu,cpuacct:/batch/job_7\n5:memory:/batch/job_7\n1:name=systemd:/x\n"


def system(root: Path, groups: str, files: dict[str, str]) -> Path:
    """A system with this /proc/self/cgroup, and these files below /sys/fs/cgroup."""
    files = {f"sys/fs/cgroup/{name}": text for name, text in files.items()} | {"proc/self/cgroup": groups}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        (V2, {"memory.max": "8000000000\n"}, 8 * GB),
        (V2, {"batch/job_7/step_0/memory.max": "max\n", "batch/job_7/memory.max": "4000000000\n"}, 4 * GB),
        (V2, {"batch/job_7/step_0/memory.max": "2000000000\n", "batch/memory.max": "4000000000\n"}, 2 * GB),
        (V2, {"batch/job_8/memory.max": "1000000000\n"}, None),
        (V2, {"batch/memory.max": "max\n"}, None),
        (V1, {"memory/batch/job_7/memory.limit_in_bytes": "3000000000\n"}, 3 * GB),
        (
            V1,
            {"memory/memory.limit_in_bytes": "5000000000\n", "memory/batch/memory.limit_in_bytes": f"{2**63}"},
            5 * GB,
        ),
        ("5:memory:/docker/abc\n", {"memory/memory.limit_in_bytes": "6000000000\n"}, 6 * GB),
        ("0::/../../outside\n", {"memory.max": "7000000000\n"}, 7 * GB),
        ("", {"memory.max": "7000000000\n"}, 7 * GB),
        (V1 + V2, {"unified/batch/memory.max": "1000000000\n"}, GB),
        ("", {}, None),
    ],
)
def test_the_least_memory_counts(tmp_path: Path, groups: str, files: dict[str, str], expected: int | None) -> None:
    assert memory_limit(system(tmp_path, groups, files)) == expected


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        (V2, {"batch/job_7/cpu.max": "150000 100000\n", "cpu.max": "max 100000\n"}, 2),
        (V2, {"batch/cpu.max": "50000 100000\n"}, 1),
        (V2, {"batch/cpu.max": "max 100000\n"}, None),
        (V1, {"cpu,cpuacct/batch/cpu.cfs_quota_us": "300000", "cpu,cpuacct/batch/cpu.cfs_period_us": "100000"}, 3),
        (V1, {"cpu/batch/cpu.cfs_quota_us": "-1", "cpu/batch/cpu.cfs_period_us": "100000"}, None),
    ],
)
def test_the_least_quota_of_cores_counts(
    tmp_path: Path, groups: str, files: dict[str, str], expected: int | None
) -> None:
    assert core_limit(system(tmp_path, groups, files)) == expected


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert (memory_limit(tmp_path), core_limit(tmp_path)) == (None, None)
