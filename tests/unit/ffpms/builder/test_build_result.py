"""What a build prints at its end: the name of the set, and why it is not the official one."""

from pathlib import Path
from typing import Any

import pytest

from ffpms.builder.build_result import BuildReport

COUNTS = {"videos": {"all": 2, "ok": 2}, "sources": {"all": 2, "ok": 2}}


def described(done: bool, **about: Any) -> list[str]:
    summary = {"dataset": "FFPMS-custom", "reasons": [], "counts": COUNTS, "seconds": 1.5} | about
    return BuildReport(Path("data"), summary, [], done).describe().splitlines()


@pytest.mark.parametrize("done", [False, True])
def test_the_last_line_says_why_a_set_is_custom(done: bool) -> None:
    lines = described(done, reasons=["--seed 7 is not v1's 2020", "it has no test split"])
    assert lines[-1] == "FFPMS-custom: --seed 7 is not v1's 2020; it has no test split"
    assert len(lines) == (2 if done else 4)


@pytest.mark.parametrize("done", [False, True])
def test_an_official_set_needs_no_reason(done: bool) -> None:
    lines = described(done, dataset="FFPMS")
    assert len(lines) == (1 if done else 3)
    assert done or lines[0] == "data: FFPMS built in 1.5 s"
