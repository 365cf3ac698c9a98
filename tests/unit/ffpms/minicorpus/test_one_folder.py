"""A corpus's folder: two processes do not damage each other's files, and a kill leaves no litter."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ffpms.errors import ConfigError
from ffpms.locks import try_lock
from ffpms.minicorpus.corpus import CorpusConfig, make_corpus
from ffpms.minicorpus.encode import write_video

SMALL = CorpusConfig(identities=8)
FRAMES = [np.full((64, 64, 3), 90, np.uint8)] * 80
"""More than an encoder keeps to itself: it writes of the first before it gets the last."""


@pytest.fixture
def _not_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffpms.minicorpus.corpus.render_pair", str)


class Interrupted(list[np.ndarray]):
    """Frames, before whose last one another process writes the same video."""

    def __init__(self, path: Path) -> None:
        super().__init__(FRAMES)
        self._path = path

    def __iter__(self) -> Iterator[np.ndarray]:
        for number, frame in enumerate(super().__iter__()):
            if number == len(FRAMES) - 1:
                write_video(self._path, FRAMES, 25, 40)
            yield frame


def test_two_processes_may_write_one_video(tmp_path: Path) -> None:
    write_video(tmp_path / "alone.mp4", FRAMES, 25, 40)
    write_video(tmp_path / "a.mp4", Interrupted(tmp_path / "a.mp4"), 25, 40)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "alone.mp4").read_bytes()
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(FRAMES)
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "alone.mp4"}


@pytest.mark.usefixtures("_not_rendered")
def test_a_folder_into_which_another_process_renders_is_refused(tmp_path: Path) -> None:
    told = []

    def progress(items: Iterable[Any], _: int) -> Iterable[Any]:
        with pytest.raises(ConfigError, match=r"tree: process \d+ on .+ renders into it; wait for it or give another"):
            make_corpus(tmp_path / "tree", SMALL)
        told.append(1)
        return items

    make_corpus(tmp_path / "tree", SMALL, progress=progress)
    assert told
    assert {path.name for path in (tmp_path / "tree").iterdir()} == {"corpus.json", "splits"}


@pytest.mark.usefixtures("_not_rendered")
def test_two_corpora_that_begin_at_once_are_not_mixed(tmp_path: Path) -> None:
    """The second one waits at the lock until the first has said what the folder holds."""
    with try_lock(tmp_path / ".lock", stays=False), pytest.raises(ConfigError, match="renders into it"):
        make_corpus(tmp_path, SMALL)
    make_corpus(tmp_path, SMALL)
    with pytest.raises(ConfigError, match="holds a corpus of other settings"):
        make_corpus(tmp_path, CorpusConfig(identities=10))


@pytest.mark.usefixtures("_not_rendered")
def test_what_a_kill_left_is_removed_also_of_older_versions(tmp_path: Path) -> None:
    left = ["a/000.mp4.12-0a1b2c3d.partial", "a/b/.000.mp4.partial", "corpus.json.1-0a1b2c3d.partial"]
    (tmp_path / "new").mkdir()
    for name in (".lock", ".lock.owner", ".lock.owner.1-0a1b2c3d.partial", "corpus.json.1-0a1b2c3d.partial"):
        (tmp_path / "new" / name).touch()
    for folder in (tmp_path / "new", tmp_path / "old"):
        make_corpus(folder, SMALL)
        assert {path.name for path in folder.iterdir()} == {"corpus.json", "splits"}
    (tmp_path / "old" / "a" / "b").mkdir(parents=True)
    for name in left:
        (tmp_path / "old" / name).touch()
    make_corpus(tmp_path / "old", SMALL)
    assert not list((tmp_path / "old").rglob("*.partial"))
