"""``ffpms embed``: what it writes, and what it says of that."""

import json
import re
from pathlib import Path

import pytest

from ffpms.locks import LOCKS
from tests.conftest import Command
from tests.helpers.pages import ROOT
from tests.helpers.tiny_set import make_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("set") / "data")


def test_as_json_it_says_what_was_embedded(ffpms: Command, data: Path, tmp_path: Path) -> None:
    flags = ("embed", data, "--backbone", "tiny", "--out", tmp_path / "runs")
    result = ffpms(*flags, "--json")
    assert result.exit_code == 0, result.output
    (said,) = json.loads(result.stdout)
    assert said.pop("seconds") >= 0
    again = ffpms(*flags)
    assert again.stdout.startswith(f"{data}: {said['faces']} faces and {said['mirrored']} mirror images are embedded")
    assert said.keys() == {"data", "dataset", "data_sha256", "faces", "mirrored", "numbers", "bytes"}
    assert (said["data"], said["bytes"]) == (str(data), 4 * (said["faces"] + said["mirrored"]) * said["numbers"])


def test_the_folders_that_it_makes_are_in_the_reference(ffpms: Command, data: Path, tmp_path: Path) -> None:
    assert ffpms("embed", data, "--backbone", "tiny", "--out", tmp_path / "runs", "--quiet").output == ""
    row = re.search(r"^\| `ffpms embed .*", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"`(\w+)/`", row[0] if row else ""))
    assert named == {path.name for path in (tmp_path / "runs").iterdir()} - {LOCKS}
