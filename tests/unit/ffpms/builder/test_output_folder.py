"""The output folder of a build: what a kill leaves in it does not keep the next build out."""

from pathlib import Path

import pytest

from ffpms.builder.output_folder import LOCK, OutputFolder
from ffpms.errors import ConfigError


def test_a_report_that_a_kill_left_half_written_is_no_foreign_file(tmp_path: Path) -> None:
    half = tmp_path / "build.json.4711-0a1b2c3d.partial"
    for path in (half, tmp_path / LOCK):
        path.touch()
    folder = OutputFolder(tmp_path, {"limit": None}, tmp_path / "tree")
    assert not folder.is_complete()
    with folder.claim():
        assert not half.exists()
    (tmp_path / "notes.partial").touch()
    (tmp_path / "build.json").unlink()
    with pytest.raises(ConfigError, match="holds something else"):
        folder.is_complete()
