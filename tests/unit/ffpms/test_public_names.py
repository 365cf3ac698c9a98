"""What ``ffpms`` and ``benchmark`` export: without loading anything, and with types."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"PIL", "av", "click", "dlib", "numpy", "pandas", "pyarrow", "timm", "torch"}
SCORING = ("leaderboard", "make_board", "read_runs", "grid_curve")


def loaded_by(code: str) -> set[str]:
    """Which heavy packages a new process has loaded after some code."""
    code = f"{code}\nimport sys\nprint(' '.join({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_nothing() -> None:
    assert loaded_by("import ffpms, benchmark; dir(ffpms); dir(benchmark)") == set()


def test_reading_a_set_and_runs_loads_no_torch_and_no_decoder() -> None:
    code = f"import ffpms, benchmark; ffpms.load; [getattr(benchmark, name) for name in {SCORING}]"
    assert not loaded_by(code) & {"PIL", "av", "click", "dlib", "timm", "torch"}


@pytest.mark.parametrize("name", ["ffpms", "benchmark"])
def test_every_name_has_a_home_and_a_type(name: str) -> None:
    package = importlib.import_module(name)
    assert package.__file__ is not None
    tree = ast.parse(Path(package.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    found = {alias.name: node.module for node in imports for alias in node.names}
    typed = {public: home for public, home in found.items() if home != name}
    assert typed == package._HOMES
    assert found.keys() - typed.keys() == set(getattr(package, "_PACKAGES", ()))
    assert package.__all__ == sorted(typed)
    assert set(typed) <= set(dir(package))
    for public in package.__all__:
        assert getattr(package, public).__name__ == public
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018


@pytest.mark.parametrize("name", ["ffpms", "benchmark", "detectors", "data_manifests"])
def test_every_package_says_that_it_is_typed(name: str) -> None:
    (place,) = importlib.import_module(name).__path__
    assert (Path(place) / "py.typed").is_file()
