"""What tests of several pages need."""

from pathlib import Path

import pytest


@pytest.fixture
def reader(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a reader, with the built set in it."""
    (tmp_path / "ffpms-data").symlink_to(built)
    monkeypatch.chdir(tmp_path)
    return tmp_path
