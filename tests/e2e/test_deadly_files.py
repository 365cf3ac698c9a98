"""A file that hangs or kills the decoder costs itself only, under every engine.

On Ray one death is tried by default, and ``make slow`` tries the others: what is done about a dead worker is the same
code for every engine, and that Ray tells of each kind of death is tested in ``tests/unit/ffpms/engine``.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from ffpms.engine import ENGINES
from tests.conftest import Command
from tests.helpers.building import REAL, content, flags, not_ok, status_of
from tests.helpers.traps import run_job_with_traps

TIMEOUT_S = 8
"""A file takes a tenth of a second, and a busy machine some seconds; only those that hang may take longer than this."""
FAKE = "manipulated_sequences/FaceSwap/c40/videos/006_007.mp4"

pytestmark = pytest.mark.usefixtures("trapped_workers")


@pytest.fixture
def trapped_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers read ``traps.json``."""
    monkeypatch.setattr("ffpms.builder.supervisor.run_job", run_job_with_traps)


SLOW_ON_RAY = pytest.mark.parametrize(
    "engine", [name if name != "ray" else pytest.param(name, marks=pytest.mark.slow) for name in ENGINES], indirect=True
)


def set_traps(tree: Path, traps: dict[str, str]) -> None:
    (tree / "traps.json").write_text(json.dumps(traps))


def failures(out: Path) -> dict[str, str]:
    sources = pd.read_parquet(out / "sources.parquet")
    return {row["source_video"]: row["error"] for row in sources[sources["status"] == "failed"].to_dict("records")}


def test_a_worker_killed_on_the_way_changes_no_byte(
    ffpms: Command, copy: Path, tmp_path: Path, reference: dict[str, str], engine: str
) -> None:
    set_traps(copy, {f"{REAL}/008.mp4": "kill once"})
    assert ffpms(*flags(copy, tmp_path / "data", "--engine", engine, "--workers", 2)).exit_code == 0
    assert not (copy / "traps.json").exists()
    assert content(tmp_path / "data") == reference


@SLOW_ON_RAY
def test_a_file_that_hangs_is_given_up_and_can_be_retried(
    ffpms: Command, copy: Path, tmp_path: Path, reference: dict[str, str], engine: str
) -> None:
    """The real video of another target hangs too: both workers do at once."""
    out = tmp_path / "data"
    patient = flags(copy, out, "--engine", engine, "--workers", 2)
    build = (*patient, "--time-limit", TIMEOUT_S)
    set_traps(copy, {FAKE: "hang", f"{REAL}/009.mp4": "hang"})
    result = ffpms(*build)
    assert result.exit_code == 0
    said = f"took longer than {TIMEOUT_S} s; give --retry-failed and a higher --time-limit"
    assert failures(out) == {"FS_006_007": said, "original_009": said}
    assert len(result.stderr.splitlines()) == 2
    assert sum(status == "ok" for status in status_of(out).values()) == 20 - 1 - 5
    (copy / "traps.json").unlink()
    assert "nothing to do" in ffpms(*build).output
    assert ffpms(*patient, "--retry-failed").exit_code == 0
    assert content(out) == reference


@SLOW_ON_RAY
@pytest.mark.parametrize(("trap", "end"), [("kill", "killed; out of memory?"), ("crash", "Segmentation fault")])
def test_a_file_that_kills_its_worker_is_given_up(
    ffpms: Command, copy: Path, tmp_path: Path, engine: str, trap: str, end: str
) -> None:
    out = tmp_path / "data"
    set_traps(copy, {FAKE: trap})
    assert ffpms(*flags(copy, out, "--engine", engine, "--workers", 2)).exit_code == 0
    (error,) = failures(out).values()
    assert error.startswith(f"ended its worker twice ({end}): damaged, or no memory left")
    assert not_ok(out) == {"FS_006_007": "failed"}
