"""Law 5 of docs/design.md: write then read is the identity, and an interruption leaves a whole shard or none."""

import errno
from pathlib import Path

import pytest

from ffpms.errors import StorageError
from ffpms.extraction.shards import Shard, drop_partial, read_shard, write_shard


def shard(content: bytes = b"pixels") -> Shard:
    files = {f"crops/007/DF_007_006/{i:06d}.png": content + bytes([i]) for i in range(3)}
    return Shard("007", [{"path": "a.mp4", "crf": None}], [{"frame_index": 1, "box_x": 0.25}], files)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_shard(tmp_path, shard())
    found = read_shard(tmp_path, "007")
    assert found is not None
    assert (found.sources, found.crops) == (shard().sources, shard().crops)
    assert {p: (tmp_path / p).read_bytes() for p in shard().files} == shard().files


@pytest.mark.parametrize("killed_at", range(5))
def test_a_kill_leaves_a_whole_shard_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int) -> None:
    """Dies at each of the writes and at the rename, then writes again."""
    count = 0

    def dying(original):  # type: ignore[no-untyped-def]
        def call(self: Path, *arguments: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count > killed_at:
                raise KeyboardInterrupt
            return original(self, *arguments, **named)

        return call

    with monkeypatch.context() as patch:
        for name in ("write_bytes", "write_text", "rename"):
            patch.setattr(Path, name, dying(getattr(Path, name)))
        with pytest.raises(KeyboardInterrupt):
            write_shard(tmp_path, shard())
    assert read_shard(tmp_path, "007") is None
    write_shard(tmp_path, shard())
    drop_partial(tmp_path)
    assert read_shard(tmp_path, "007") is not None
    assert sorted(p.name for p in (tmp_path / "crops").iterdir()) == ["007"]


def test_a_shard_written_again_replaces_the_first(tmp_path: Path) -> None:
    write_shard(tmp_path, shard())
    again = shard(b"other")
    del again.files["crops/007/DF_007_006/000002.png"]
    write_shard(tmp_path, again)
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.png")} == set(again.files)


def test_what_a_killed_write_left_behind_is_not_taken_over(tmp_path: Path) -> None:
    stale = tmp_path / "crops" / ".partial" / "007" / "DF_007_006" / "000099.png"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of an older build")
    write_shard(tmp_path, shard())
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.png")} == set(shard().files)


def test_a_marker_that_was_changed_is_no_marker(tmp_path: Path) -> None:
    write_shard(tmp_path, shard())
    marker = tmp_path / "crops" / "007" / "shard.json"
    text = marker.read_text()
    for i in range(0, len(text), 7):
        marker.write_text(text[:i] + ("1" if text[i] == "0" else "0") + text[i + 1 :])
        assert read_shard(tmp_path, "007") is None, i
    marker.write_text(text)
    assert read_shard(tmp_path, "007") is not None


@pytest.mark.parametrize("full_at", range(5))
def test_a_full_disk_leaves_a_whole_shard_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_at: int
) -> None:
    """Each of the writes and the rename fails in turn; one line says so, and the next try succeeds."""
    calls = iter(range(99))

    def full(original):  # type: ignore[no-untyped-def]
        def call(self: Path, *arguments: object, **named: object) -> object:
            if next(calls) >= full_at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return original(self, *arguments, **named)

        return call

    with monkeypatch.context() as patch:
        for name in ("write_bytes", "write_text", "rename"):
            patch.setattr(Path, name, full(getattr(Path, name)))
        with pytest.raises(StorageError, match="No space left on device; free some space, then run the same command"):
            write_shard(tmp_path, shard())
    assert read_shard(tmp_path, "007") is None
    write_shard(tmp_path, shard())
    assert read_shard(tmp_path, "007") is not None
