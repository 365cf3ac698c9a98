"""What tests of several pages need."""

from pathlib import Path

import pytest


@pytest.fixture
def reader(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a reader, with the built set in it."""
    (tmp_path / "ffpms-data").symlink_to(built)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def place(reader: Path, request: pytest.FixtureRequest) -> Path:
    """A reader's folder, with the built set and the script of the page that a module tests in it."""
    (reader / "score.py").write_text(request.module.SCRIPT, encoding="utf-8")
    return reader
