"""Every example of a docstring runs and prints what it says; those of public names run in test_python_page.py."""

from pathlib import Path

import pytest

from tests.helpers.examples import examples_in, is_public, modules_with_examples, run_example

MODULES = modules_with_examples()


def test_the_functions_of_arrays_have_examples() -> None:
    assert {"benchmark.metrics", "benchmark.metrics.ranking", "benchmark.stats"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not "".join(run_example(test) for test in examples_in(name) if not is_public(test))
