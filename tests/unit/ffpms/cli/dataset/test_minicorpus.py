"""``ffpms minicorpus``: what it says of a corpus; no video is rendered."""

import json
from pathlib import Path

import pytest

from ffpms.minicorpus.corpus import CorpusConfig
from tests.conftest import Command


def test_as_json_it_says_what_was_rendered(ffpms: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = CorpusConfig(identities=10)
    monkeypatch.setattr("ffpms.minicorpus.corpus.make_corpus", lambda *_: config.tree.pairs)
    flags = ("minicorpus", "--out", tmp_path, "--identities", 10, "--split", "val,test")
    said = json.loads(ffpms(*flags, "--json").stdout)
    assert said.pop("seconds") >= 0
    assert said == {"out": str(tmp_path), "people": 10, "pairs": {"val": 1, "test": 1}, "sheet": None}
    assert "10 people; pairs: 1 val, 1 test" in ffpms(*flags).stdout
