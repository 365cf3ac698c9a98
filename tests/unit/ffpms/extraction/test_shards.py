"""Law 5 of docs/design.md: write then read is the identity, and an interruption leaves a whole shard or none."""

import errno
import shutil
from pathlib import Path

import pytest

from ffpms.errors import StorageError
from ffpms.extraction.shards import Shard, ShardInPlaceError, drop_partial, moved_aside, read_shard, write_shard


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


def pixels(out: Path) -> dict[str, bytes]:
    """The crops that a reader finds."""
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in (out / "crops" / "007").rglob("*.png")}


@pytest.mark.parametrize("killed_at", range(7))
def test_a_kill_leaves_the_old_shard_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """Dies at each of four writes, at either rename, and at the deletion."""
    write_shard(tmp_path, shard())
    calls = iter(range(99))

    def dying(original):  # type: ignore[no-untyped-def]
        def call(*arguments: object, **named: object) -> object:
            if next(calls) >= killed_at:
                raise KeyboardInterrupt
            return original(*arguments, **named)

        return call

    with monkeypatch.context() as patch:
        for name in ("write_bytes", "write_text", "rename"):
            patch.setattr(Path, name, dying(getattr(Path, name)))
        patch.setattr(shutil, "rmtree", dying(shutil.rmtree))
        with pytest.raises(KeyboardInterrupt):
            write_shard(tmp_path, shard(b"new"))
    drop_partial(tmp_path)
    assert read_shard(tmp_path, "007") is not None
    assert pixels(tmp_path) == (shard(b"new") if killed_at > 5 else shard()).files
    assert [p.name for p in (tmp_path / "crops").iterdir()] == ["007"]


def test_a_link_to_a_shard_is_replaced_and_never_followed(tmp_path: Path) -> None:
    write_shard(tmp_path, shard())
    (tmp_path / "crops" / "007").rename(tmp_path / "elsewhere")
    (tmp_path / "crops" / "007").symlink_to(tmp_path / "elsewhere")
    write_shard(tmp_path, shard(b"new"))
    assert not (tmp_path / "crops" / "007").is_symlink()
    assert pixels(tmp_path) == shard(b"new").files
    assert len(list((tmp_path / "elsewhere").rglob("*.png"))) == 3
    assert moved_aside(tmp_path) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.EBUSY, errno.EACCES])
def test_a_folder_that_cannot_be_moved_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    write_shard(tmp_path, shard())
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.parent.name == "crops":
            raise OSError(number, "no")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(ShardInPlaceError, match=r"crops/007: cannot be replaced \(no\) and stays as it was"):
            write_shard(tmp_path, shard(b"new"))
    assert pixels(tmp_path) == shard().files


def test_what_cannot_be_deleted_lies_beside_the_new_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on NFS, where a file that somebody reads cannot go; a later build deletes it."""
    write_shard(tmp_path, shard())
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        for content in (b"new", b"newer"):
            write_shard(tmp_path, shard(content))
        assert pixels(tmp_path) == shard(b"newer").files
        assert len(moved_aside(tmp_path)) == 2
    assert not drop_partial(tmp_path), "none of them is needed"
    assert moved_aside(tmp_path) == []
    assert pixels(tmp_path) == shard(b"newer").files


def test_a_disk_that_fills_up_while_a_shard_is_replaced_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path, shard())
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if self.parent.name == ".partial":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full)
        with pytest.raises(StorageError, match="No space left on device; free some space"):
            write_shard(tmp_path, shard(b"new"))
    assert pixels(tmp_path) == shard().files
    assert moved_aside(tmp_path) == []
