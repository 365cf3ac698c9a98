"""docs/tour.ipynb runs from its first cell to its last, as a kernel runs it: without a file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CELLS = json.loads((ROOT / "docs" / "tour.ipynb").read_text())["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def test_no_output_is_stored() -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CODE)


def test_the_tour_runs(people: Path, tmp_path: Path) -> None:
    """Its corpus is there, so that it is not rendered again."""
    shutil.copytree(people, tmp_path / "minicorpus")
    script = "\n".join("".join(cell["source"]) for cell in CODE)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-"], input=script, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "30 ok" in done.stdout
    assert (tmp_path / "runs" / "leaderboard.csv").is_file()
