"""A run to predict by."""

from pathlib import Path

import pytest

from tests.conftest import Once
from tests.helpers.trained_runs import trained_s_mil


@pytest.fixture(scope="session")
def run(once: Once) -> Path:
    return trained_s_mil(once)
