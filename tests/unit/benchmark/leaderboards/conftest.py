"""Made-up runs have two manipulations, and are taken for runs on all four."""

from collections.abc import Iterator

import pytest

from benchmark.leaderboards import labels
from tests.helpers.scores import ALL


@pytest.fixture(scope="module", autouse=True)
def _two_manipulations() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labels, "ALL_KINDS", set(ALL))
        yield
