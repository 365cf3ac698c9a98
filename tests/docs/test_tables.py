"""Every row of a table has as many cells as its head, as GitHub reads it: a pipe in code ends a cell too."""

from pathlib import Path

import pytest

from tests.helpers.pages import ROOT, broken_rows

PAGES = (*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")), *(ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_row_has_the_cells_of_its_head(page: Path) -> None:
    assert list(broken_rows(page)) == []


def test_a_broken_row_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    rows = [
        "| a | b |",
        "|---|:-:|",
        "| `x \\| y` | 2 |",
        "| `|x|` | 2 |",
        "| 1 |",
        "",
        "a | b",
        "",
        "a | b",
        "--|--",
        "1",
    ]
    page.write_text("\n".join([*rows, "", "| a |", "|---|---|", "", "```", "|---|", "| `|` |", "```"]))
    assert list(broken_rows(page)) == [(4, 4, 2), (5, 1, 2), (11, 1, 2), (13, 1, 2)]
