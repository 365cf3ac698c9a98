"""Whose tree a folder is: told by what lies in it, or one line; no pixels."""

from pathlib import Path

import pytest

from ffpms.errors import ConfigError
from ffpms.sources.registry import choose_corpus, find_corpus, recognise
from tests.helpers.empty_trees import ACTORS, celeb, empty_tree, listed


def test_a_tree_of_several_corpora_and_one_of_none_are_told(tmp_path: Path) -> None:
    bare = empty_tree(tmp_path / "a" / "b", ["c.txt"])  # no folder of another test is so near
    with pytest.raises(ConfigError, match=r"no known tree; give --corpus with one of ffpp, .*corpus, or --table FILE$"):
        recognise(bare)
    with pytest.raises(ConfigError, match=r"no folder; give the one that holds the corpus$"):
        recognise(tmp_path / "none")
    empty_tree(tmp_path, [*ACTORS, "original_sequences/youtube/c23/videos/000.mp4"])
    with pytest.raises(ConfigError, match=r"could be a tree of several corpora; give --corpus with one of ffpp, dfd$"):
        recognise(tmp_path)
    assert choose_corpus(tmp_path, "dfd", None).name == "dfd"


@pytest.mark.parametrize("name", [None, "celeb-df"])
def test_a_folder_above_or_below_a_tree_is_told_which_one_is(tmp_path: Path, name: str | None) -> None:
    root = celeb(tmp_path / "downloads" / "Celeb-DF-v2")
    for folder in (root.parent, root / "Celeb-real"):
        with pytest.raises(ConfigError, match=rf"; give {root}, which is one$"):
            choose_corpus(folder, name, None).check_tree(folder)


@pytest.mark.parametrize("name", ["celeb-df", "dfdc", "dfdc-preview", "dfd"])
def test_what_is_no_tree_of_a_corpus_is_said_in_its_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f": no {find_corpus(name).title} tree .*; give the folder"):
        listed(empty_tree(tmp_path / "a" / "b", ["c.txt"]), name)
