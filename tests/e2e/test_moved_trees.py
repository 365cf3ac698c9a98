"""A tree that moved, or that changed, between two calls of a build; and retries that may not lose anything."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ffpms import locks
from ffpms.builder import source_changes
from ffpms.engine import ENGINES, Done
from ffpms.extraction import target as extraction_target
from ffpms.extraction.shards import Shard
from ffpms.hashing import digest
from tests.conftest import Command
from tests.helpers.building import REAL, content, flags

FAKE = "manipulated_sequences/FaceSwap/c40/videos/006_007.mp4"
OTHER_FAKE = "manipulated_sequences/FaceSwap/c40/videos/008_009.mp4"
EMPTY_BOX = b"\0\0\0\x08free"
"""An mp4 with this at its end shows what it showed."""


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done in this process, where a test can take its place."""

    def here(function: Callable[[Any], Any], jobs: Iterable[Any], _: int) -> Iterator[Done[Any, Any]]:
        return (Done(job, function(job)) for job in jobs)

    monkeypatch.setitem(ENGINES, "local", here)


def interrupt(out: Path) -> None:
    """Makes of a set what a kill after three of four targets leaves."""
    shutil.rmtree(out / "crops" / "009")
    for name in (*out.glob("*.parquet"), out / "README.md", out / "bags.jpg"):
        name.unlink()
    report = json.loads((out / "build.json").read_text())
    kept = {key: report[key] for key in ("config", "ff_root")}
    (out / "build.json").write_text(json.dumps(kept | {"complete": False}))


def built_at(out: Path) -> dict[str, int]:
    """When each shard was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in out.glob("crops/*/shard.json")}


def without_place(out: Path) -> dict[str, Any]:
    """The report but for what may differ: the seconds and the tree's place."""
    report = json.loads((out / "build.json").read_text())
    return {key: value for key, value in report.items() if key not in ("seconds", "ff_root")}


def test_a_tree_that_moved_goes_on(
    ffpms: Command,
    copy: Path,
    out: Path,
    finished: Path,
    reference: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a copy elsewhere, a link to it, and a relative path; the output folder is elsewhere, too."""
    interrupt(out)
    before = built_at(out)
    (copy.parent / "link").symlink_to(copy)
    monkeypatch.chdir(copy.parent)
    result = ffpms(*flags(Path("link"), out))
    assert (result.exit_code, result.stderr) == (0, "")
    assert content(out) == reference
    assert without_place(out) == without_place(finished)
    assert built_at(out).items() > before.items(), "what was done is not done anew"
    assert json.loads((out / "build.json").read_text())["ff_root"] == str(copy.resolve())


def test_a_complete_set_knows_its_tree_wherever_it_lies(ffpms: Command, copy: Path, out: Path) -> None:
    assert "complete already, nothing to do" in ffpms(*flags(copy, out)).output
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    (copy / FAKE).unlink()
    assert "complete already, nothing to do" in ffpms(*flags(copy, out)).output, "nothing says that it is another"
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == times


def test_a_complete_set_hashes_a_moved_tree_once(
    ffpms: Command, copy: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = without_place(out)
    assert "complete already" in ffpms(*flags(copy, out)).output
    assert json.loads((out / "build.json").read_text())["ff_root"] == str(copy.resolve())
    assert without_place(out) == before
    assert not (out / ".lock").exists()
    for marker in out.glob("crops/*/shard.json"):
        os.utime(marker)  # the copy of the tree is younger than the copied set
    monkeypatch.setattr(source_changes, "file_digest", lambda file: pytest.fail(f"{file} was read again"))
    assert "complete already" in ffpms(*flags(copy, out)).output


def test_a_complete_set_that_cannot_be_written_to_is_no_worse_for_it(
    ffpms: Command, copy: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(locks, "take_lock", refuse)
    result = ffpms(*flags(copy, out))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "complete already" in result.output


def test_a_fake_that_came_later_is_built_by_the_same_command(
    ffpms: Command, copy: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    """A damaged one that was downloaded again, too."""
    data, kept = tmp_path / "set", {name: (copy / name).read_bytes() for name in (FAKE, OTHER_FAKE)}
    (copy / FAKE).unlink()
    (copy / OTHER_FAKE).write_bytes(kept[OTHER_FAKE][:2000])
    first = ffpms(*flags(copy, data))
    assert f"{FAKE}: not found" in first.stderr
    before = built_at(data)
    for name, content_ in kept.items():
        (copy / name).write_bytes(content_)
    later = ffpms(*flags(copy, data))
    assert (later.exit_code, later.stderr) == (0, "")
    assert {target for target, time in built_at(data).items() if time != before[target]} == {"006", "008"}
    assert content(data) == reference


def test_a_video_that_is_replaced_while_it_is_built_from_is_seen(
    ffpms: Command, copy: Path, tmp_path: Path, reference: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another of its size, between the look at it and the end of its target."""
    data, file, write = tmp_path / "set", copy / FAKE, extraction_target.write_shard
    whole = file.read_bytes()

    def replace(out: Path, shard: Shard, began_s: float) -> None:
        if shard.target_id == "006":
            file.write_bytes(whole)
        write(out, shard, began_s)

    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with monkeypatch.context() as patch:
        patch.setattr(extraction_target, "write_shard", replace)
        assert ffpms(*flags(copy, data)).exit_code == 0
    before = built_at(data)
    assert ffpms(*flags(copy, data)).exit_code == 0
    assert {target for target, time in built_at(data).items() if time != before[target]} == {"006"}
    assert content(data) == reference


@pytest.mark.parametrize("is_complete", [True, False])
def test_another_tree_of_the_same_names_is_refused(ffpms: Command, copy: Path, out: Path, is_complete: bool) -> None:
    """Its files have the same sizes and times."""
    if not is_complete:
        interrupt(out)
    before = content(out)
    for file in copy.rglob("*.mp4"):
        times = file.stat()
        data = file.read_bytes()
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    result = ffpms(*flags(copy, out))
    n_videos = 20 if is_complete else 15
    assert result.exit_code == 2
    assert f"{n_videos} of {n_videos} videos are not those that {out} was built from" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert content(out) == before


def test_a_video_that_changed_costs_its_target_only(
    ffpms: Command, copy: Path, out: Path, reference: dict[str, str]
) -> None:
    before = built_at(out)
    with (copy / FAKE).open("ab") as file:
        file.write(EMPTY_BOX)
    assert ffpms(*flags(copy, out)).exit_code == 0
    assert {target for target, time in built_at(out).items() if time != before[target]} == {"006"}
    sources = pd.read_parquet(out / "sources.parquet").set_index("path")
    assert sources.loc[FAKE, "sha256"] == digest((copy / FAKE).read_bytes())
    crops = {name: sha for name, sha in content(out).items() if name.endswith(".png")}
    assert crops.items() <= reference.items()


def fail(out: Path, target: str, video: str) -> None:
    """Makes a shard say that a video of it could not be used."""
    path = out / "crops" / target / "shard.json"
    rows = json.loads(path.read_text())["rows"]
    (row,) = [row for row in rows["sources"] if row["source_video"] == video]
    row |= {"status": "failed", "error": "took too long"}
    sha256 = digest(json.dumps(rows, sort_keys=True).encode())
    path.write_text(json.dumps({"sha256": sha256, "rows": rows}))


def test_a_folder_that_cannot_be_replaced_costs_one_line(
    ffpms: Command, tree: Path, out: Path, reference: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for target, donor in (("006", "007"), ("008", "009")):
        fail(out, target, f"FS_{target}_{donor}")
    rename, old = Path.rename, content(out / "crops" / "006")

    def refuse(self: Path, target: Path) -> Path:
        if self == out.resolve() / "crops" / "006":
            raise PermissionError(1, "Operation not permitted", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    result = ffpms(*flags(tree, out, "--retry-failed"))
    assert result.exit_code == 0
    said = f"{out.resolve()}/crops/006: cannot be replaced (Operation not permitted) and stays as it was; make it"
    assert next(line for line in result.stderr.splitlines() if "crops/006" in line).startswith(said)
    assert content(out / "crops" / "006") == old
    assert content(out / "crops" / "008") == content_of(reference, "008")
    monkeypatch.undo()
    assert ffpms(*flags(tree, out, "--retry-failed")).exit_code == 0
    assert content(out) == reference


def content_of(reference: dict[str, str], target: str) -> dict[str, str]:
    folder = f"crops/{target}/"
    return {name.removeprefix(folder): sha for name, sha in reference.items() if name.startswith(folder)}


def test_a_retry_keeps_the_crops_that_it_cannot_make_again(ffpms: Command, copy: Path, out: Path) -> None:
    """The tree has lost the real video since."""
    fail(out, "006", "FS_006_007")
    (copy / REAL / "006.mp4").unlink()
    before = content(out / "crops")
    result = ffpms(*flags(copy, out, "--retry-failed"))
    assert result.exit_code == 0
    (said,) = [line for line in result.stderr.splitlines() if line.startswith(f"{REAL}/006.mp4: not found; ")]
    assert said.endswith("; its crops of before are kept, and those of its target")
    assert content(out / "crops") == before


def test_a_shard_in_another_place_is_replaced_by_one_in_its_own(
    ffpms: Command, tree: Path, out: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    """Its folder is a link."""
    fail(out, "006", "FS_006_007")
    shutil.move(out / "crops" / "006", tmp_path / "elsewhere")
    (out / "crops" / "006").symlink_to(tmp_path / "elsewhere")
    before = content(tmp_path / "elsewhere")
    assert ffpms(*flags(tree, out, "--retry-failed")).exit_code == 0
    assert not (out / "crops" / "006").is_symlink()
    assert content(out) == reference
    assert content(tmp_path / "elsewhere") == before


def test_an_installation_that_fails_on_every_video_is_one_line(
    ffpms: Command, tree: Path, tmp_path: Path, reference: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("Unsupported image type, must be 8bit gray or RGB image.")

    with monkeypatch.context() as patch:
        patch.setattr("ffpms.extraction.target.read_real_video", break_down)
        result = ffpms(*flags(tree, tmp_path / "data"))
    assert result.exit_code == 2
    said = "Error: the first 3 targets all fail alike (unexpected RuntimeError: Unsupported image type"
    assert result.stderr.startswith(said)
    assert len(result.stderr.splitlines()) == 1
    assert ffpms(*flags(tree, tmp_path / "data")).exit_code == 0
    assert content(tmp_path / "data") == reference
