"""Identity of a plugin: every file of its distribution, installed or editable."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.trials.method_code import method_code


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages with a distribution of two packages and a data file."""
    for name, text in {
        "plug_a/__init__.py": "",
        "plug_a/detector.py": "from plug_b.head import SIGN\n",
        "plug_a/scale.json": "{}",
        "plug_b/__init__.py": "",
        "plug_b/head.py": "SIGN = 1\n",
        "other/__init__.py": "",
        "plug-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n",
        "plug-1.0.dist-info/RECORD": "plug_a/__init__.py,,\nplug_a/detector.py,,\nplug_b/__init__.py,,\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("plug_a", "plug_b", "other")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["plug_a/detector.py", "plug_a/scale.json", "plug_b/head.py"])
def test_a_change_in_any_file_of_a_plugin_is_other_code(site: Path, name: str) -> None:
    """A sign flipped in the second file of a plugin once gave 'done already', and the old numbers."""
    before = method_code("plug_a.detector")
    (site / name).write_text("SIGN = -1\n")
    assert method_code("plug_a.detector") != before


def test_another_distribution_is_no_part_of_it(site: Path) -> None:
    before = method_code("plug_a.detector")
    (site / "other" / "__init__.py").write_text("x = 1\n")
    assert method_code("plug_a.detector") == before


def test_what_python_writes_itself_changes_nothing(site: Path) -> None:
    before = method_code("plug_a.detector")
    importlib.import_module("plug_a.detector")
    (site / "plug_a" / "__pycache__").mkdir(exist_ok=True)
    (site / "plug_a" / "__pycache__" / "detector.f-7.py311.1.nbc").write_bytes(b"compiled by numba")
    assert method_code("plug_a.detector") == before


def test_a_package_that_is_not_installed_is_itself(site: Path) -> None:
    before = method_code("other")
    (site / "other" / "__init__.py").write_text("x = 1\n")
    assert method_code("other") != before
