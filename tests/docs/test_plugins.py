"""The example of docs/plugins.md is found, listed and benched, in a process of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(ENTRY,) = re.findall(r"ffpms\.detectors =\n +(.*)\n", PAGE)


def install(folder: Path, code: str) -> None:
    (folder / "median_detector.py").write_text(code)
    about = folder / "median-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: median\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[ffpms.detectors]\n{ENTRY}\n")


def ffpms(plugin: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ffpms.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": str(plugin)}, capture_output=True, text=True)


def test_the_plugin_of_the_docs_is_listed_and_benched(tmp_path: Path, built: Path) -> None:
    install(tmp_path, CODE)
    listed = json.loads(ffpms(tmp_path, "methods", "--json").stdout)
    assert ("median", "filters=512") in {(row["name"], row["options"]) for row in listed}
    flags = ("--data", built, "--out", tmp_path / "runs", "--backbone", "tiny", "--epochs", 1, "--threads", 1)
    result = ffpms(tmp_path, "bench", "--methods", "median", "--set", "median.filters=8", *flags)
    assert result.returncode == 0, result.stderr
    assert set(pd.read_csv(tmp_path / "runs" / "leaderboard.csv")["method"]) == {"median"}


@pytest.mark.parametrize("code", ["import nothing_of_that_name", CODE.replace('"median", source', '"s-mil", source')])
def test_a_plugin_that_cannot_be_used_is_one_line(tmp_path: Path, code: str) -> None:
    install(tmp_path, code)
    result = ffpms(tmp_path, "methods")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "median" in result.stderr
