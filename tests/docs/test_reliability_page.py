"""docs/reliability.md names, for each promise, a test that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_every_promise_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| what happens")]
    promises = [row for row in rows if "`test_" in row]
    known = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = [name for row in promises for name in re.findall(r"`(test_\w+)`", row)]
    assert len(named) == len(promises) > 30
    assert sorted(set(named) - known) == []
