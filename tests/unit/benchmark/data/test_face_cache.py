"""Each face is decoded once, where there is room for it; a damaged one is never used."""

import errno
import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

from benchmark.data import face_cache
from benchmark.data.face_cache import open_faces
from ffpms import locks
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.crops import read_crop
from ffpms.errors import StorageError
from ffpms.locks import try_lock
from tests.helpers.processes import wait_for


def test_the_store_is_made_once_and_whole(built_set: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faces").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(face_cache, "read_crop", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            open_faces(built_set, tmp_path / "faces")
    assert not list((tmp_path / "faces").glob("*.npy"))
    read = open_faces(built_set, tmp_path / "faces", threads=2)
    crop = built_set.crops.iloc[-1]
    assert np.array_equal(read(crop["crop"]), read_crop(built_set.root, crop["crop"], crop["sha256"], built_set.side))
    monkeypatch.setattr(face_cache, "read_crop", None)
    assert np.array_equal(open_faces(built_set, tmp_path / "faces")(crop["crop"]), read(crop["crop"]))


def test_where_there_is_no_room_each_crop_is_decoded(
    built_set: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_cache, "SHARE", 0)
    said: list[str] = []
    read = open_faces(built_set, tmp_path / "faces", log=said.append)
    assert "no room" in said[0]
    assert not list((tmp_path / "faces").iterdir())
    crop = built_set.crops.iloc[0]
    assert np.array_equal(read(crop["crop"]), read_crop(built_set.root, crop["crop"], crop["sha256"], built_set.side))


@pytest.fixture(scope="module")
def tiny(whole: Path) -> BuiltSet:
    return BuiltSet.load(whole)


@pytest.fixture
def store(tiny: BuiltSet, tmp_path: Path) -> Path:
    """A store that was made whole."""
    open_faces(tiny, tmp_path / "faces", threads=2)
    (path,) = (tmp_path / "faces").iterdir()
    return path


def faces_of(tiny: BuiltSet, read: face_cache.Read) -> list[bool]:
    """Whether each face that is read is the crop that was built."""
    crops = tiny.crops
    rows = zip(crops["crop"], crops["sha256"], strict=True)
    return [np.array_equal(read(path), read_crop(tiny.root, path, sha, tiny.side)) for path, sha in rows]


def change(path: Path, start: int, new: bytes) -> None:
    """Overwrites bytes of a file, which keeps its size and its time."""
    about = path.stat()
    with path.open("r+b") as file:
        file.seek(start, 2 if start < 0 else 0)
        file.write(new)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize("damage", ["cut short", "too long", "of an older version", "another header", "sums"])
def test_a_store_that_is_not_whole_is_made_again(tiny: BuiltSet, store: Path, damage: str) -> None:
    whole, faces = store.read_bytes(), np.load(store)
    if damage == "cut short":
        os.truncate(store, len(whole) - 4096)
    elif damage == "too long":
        store.write_bytes(whole + b"\0")
    elif damage == "of an older version":
        np.save(store, np.zeros_like(faces))
    else:
        change(store, 3 if damage == "another header" else -9, b"\xff")
    said: list[str] = []
    assert all(faces_of(tiny, open_faces(tiny, store.parent, log=said.append)))
    assert len(said) == 2
    assert said[0] == f"{store}: damaged, or of another version; it is made again"
    assert store.read_bytes() == whole
    assert list(store.parent.iterdir()) == [store]


@pytest.mark.parametrize(("start", "new"), [(4096, bytes(4096)), (9000, b"\x01")])
def test_a_face_that_is_not_what_was_stored_is_never_used(tiny: BuiltSet, store: Path, start: int, new: bytes) -> None:
    """A zeroed page, and one flipped byte: seen when the face is read; the next run makes the store again."""
    whole, said, again = store.read_bytes(), list[str](), list[str]()
    change(store, start, bytes(a ^ b for a, b in zip(whole[start:], new, strict=False)) if len(new) == 1 else new)
    read = open_faces(tiny, store.parent, log=said.append)
    assert said == []
    crops = dict(zip(tiny.crops["crop"], tiny.crops["sha256"], strict=True))
    for _ in range(2):
        assert all(
            np.array_equal(read(path), read_crop(tiny.root, path, sha, tiny.side)) for path, sha in crops.items()
        )
    assert said == [
        f"{store}: damaged; such faces are decoded from their crops, and the next run makes it again",
    ]
    assert all(faces_of(tiny, open_faces(tiny, store.parent, log=again.append)))
    assert again[0].endswith("it is made again")
    assert store.read_bytes() == whole
    assert list(store.parent.iterdir()) == [store]


def test_what_a_killed_process_left_of_a_store_is_removed(tiny: BuiltSet, store: Path) -> None:
    (store.parent / f"{store.name}.4711-0a1b2c3d.partial").write_bytes(bytes(99))
    store.with_suffix(".partial").write_bytes(bytes(99))
    store.unlink()
    open_faces(tiny, store.parent)
    assert list(store.parent.iterdir()) == [store]


def test_a_store_that_another_process_makes_is_waited_for(
    tiny: BuiltSet, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "POLL_S", 0.01)
    aside = store.rename(store.with_suffix(".aside"))
    said, found = list[str](), list[bool]()
    wait = threading.Thread(
        target=lambda: found.extend(faces_of(tiny, open_faces(tiny, store.parent, log=said.append)))
    )
    with try_lock(store.parent.parent / locks.LOCKS / f"{store.stem}.lock"):
        wait.start()
        wait_for(lambda: said)
        aside.rename(store)
    wait.join()
    assert all(found)
    assert len(said) == 1
    assert f"{store}: process {os.getpid()} on " in said[0]


def test_a_store_goes_to_another_process_by_its_path(tiny: BuiltSet, store: Path) -> None:
    read = open_faces(tiny, store.parent)
    sent = pickle.dumps(read)
    assert len(sent) < store.stat().st_size / 4
    assert all(faces_of(tiny, pickle.loads(sent)))
    store.unlink()
    assert all(faces_of(tiny, pickle.loads(sent))), "from the crops"


def test_a_disk_that_fills_up_is_one_line(tiny: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_cache, "_write_faces", lambda *_: raise_full())
    with pytest.raises(StorageError, match=r"faces-.*\.npy: No space left on device; free some space"):
        open_faces(tiny, tmp_path / "faces")
    assert not list((tmp_path / "faces").iterdir())


def raise_full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
