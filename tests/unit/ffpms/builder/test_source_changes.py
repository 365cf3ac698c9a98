"""Which finished targets a tree's files still are those of: sizes and hashes decide, not the tree's place."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ffpms.builder.source_changes import appeared_targets, changed_targets
from ffpms.errors import ConfigError
from ffpms.extraction.shards import Shard, write_shard
from ffpms.hashing import digest

TARGETS = ("006", "007", "008")
OLD_S = 1_000_000_000


def silent(items: Iterable[str], _: int) -> Iterator[str]:
    return iter(items)


@pytest.fixture
def finished(tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """Three targets of two files, which are older than their shards."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for target in TARGETS:
        for kind in ("original", "DF"):
            data = f"{kind} {target}".encode()
            file = tmp_path / "tree" / kind / f"{target}.mp4"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            row = {"path": f"{kind}/{target}.mp4", "sha256": digest(data), "n_bytes": len(data)}
            rows.setdefault(target, []).append(row)
        write_shard(tmp_path / "out", Shard(target, rows[target]))
        later_s = (tmp_path / "tree" / "DF" / f"{target}.mp4").stat().st_ctime + 1
        os.utime(tmp_path / "out" / "crops" / target / "shard.json", (later_s, later_s))
    return rows


def changed(where: Path, finished: dict[str, list[dict[str, Any]]], moved: bool = False) -> set[str]:
    return changed_targets(where / "tree", where / "out", finished, moved, silent)


def test_the_same_files_are_not_even_read(
    tmp_path: Path, finished: dict[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ffpms.builder.source_changes.file_digest", lambda file: pytest.fail(f"{file} was read"))
    assert changed(tmp_path, finished) == set()


def test_a_shard_of_an_older_ffpms_names_no_sizes_and_its_files_are_hashed(
    tmp_path: Path, finished: dict[str, list[dict[str, Any]]]
) -> None:
    for row in [row for rows in finished.values() for row in rows]:
        del row["n_bytes"]
    (tmp_path / "tree" / "DF" / "007.mp4").write_bytes(b"another")
    assert changed(tmp_path, finished, moved=True) == {"007"}


@pytest.mark.parametrize("moved", [False, True])
def test_files_that_were_touched_or_moved_are_hashed(
    tmp_path: Path, finished: dict[str, list[dict[str, Any]]], moved: bool
) -> None:
    for file in (tmp_path / "tree").rglob("*.mp4"):
        shutil.copy(file, file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)
    assert changed(tmp_path, finished, moved) == set()


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("data", [b"DX 007", b"DF 007 longer"])
def test_one_other_file_costs_its_target(
    tmp_path: Path, finished: dict[str, list[dict[str, Any]]], data: bytes, moved: bool
) -> None:
    file = tmp_path / "tree" / "DF" / "007.mp4"
    file.write_bytes(data)
    os.utime(file, (OLD_S, OLD_S))
    os.utime(tmp_path / "out" / "crops" / "007" / "shard.json", (OLD_S, OLD_S))
    assert changed(tmp_path, finished, moved) == {"007"}


def test_another_tree_is_refused(tmp_path: Path, finished: dict[str, list[dict[str, Any]]]) -> None:
    for file in (tmp_path / "tree").rglob("*.mp4"):
        file.write_bytes(file.read_bytes()[::-1])
    said = r"tree: 6 of 6 videos are not those that .*out was built from \(first original/006.mp4\); give the tree"
    with pytest.raises(ConfigError, match=said):
        changed(tmp_path, finished, moved=True)


def test_a_file_that_is_gone_or_was_never_read_proves_nothing(
    tmp_path: Path, finished: dict[str, list[dict[str, Any]]]
) -> None:
    shutil.rmtree(tmp_path / "tree" / "original")
    for rows in finished.values():
        rows[1] |= {"sha256": ""}
    assert changed(tmp_path, finished, moved=True) == set()


@pytest.mark.parametrize("moved", [False, True])
def test_a_file_that_was_missing_and_is_there_is_looked_at(
    tmp_path: Path, finished: dict[str, list[dict[str, Any]]], moved: bool
) -> None:
    for target in ("007", "008"):
        finished[target][1] |= {"sha256": "", "status": "missing"}
    (tmp_path / "tree" / "DF" / "008.mp4").unlink()
    os.mkfifo(tmp_path / "tree" / "DF" / "008.mp4")
    assert appeared_targets(tmp_path / "tree", tmp_path / "out", finished, moved) == {"007"}


@pytest.mark.parametrize("moved", [False, True])
def test_a_file_that_could_not_be_read_is_looked_at_if_it_was_touched(
    tmp_path: Path, finished: dict[str, list[dict[str, Any]]], moved: bool
) -> None:
    """After a move all times are new, and nothing is known of its bytes."""
    for target in ("007", "008"):
        finished[target][1] |= {"sha256": "", "status": "unreadable"}
    os.utime(tmp_path / "out" / "crops" / "008" / "shard.json", (OLD_S, OLD_S))
    assert appeared_targets(tmp_path / "tree", tmp_path / "out", finished, moved) == (set() if moved else {"008"})


def test_a_comparison_of_all_files_can_be_watched(tmp_path: Path, finished: dict[str, list[dict[str, Any]]]) -> None:
    watched: list[tuple[list[str], int]] = []

    def watch(items: Iterable[str], total: int) -> Iterator[str]:
        watched.append((list(items), total))
        return iter(watched[-1][0])

    changed_targets(tmp_path / "tree", tmp_path / "out", finished, False, watch)
    assert watched == []
    changed_targets(tmp_path / "tree", tmp_path / "out", finished, True, watch)
    assert watched == [([*TARGETS], 3)]
