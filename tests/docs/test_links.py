"""Links of all pages lead somewhere: to a file, and in it to a heading. The site is not built for it."""

import re
from pathlib import Path

import pytest

from tests.helpers.pages import PAGES, ROOT, anchors, links

DOCS = ROOT / "docs"


def broken(page: Path) -> list[str]:
    """Each link of a page that leads nowhere."""
    lost = []
    for number, target in links(page):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(f"{page.relative_to(ROOT)}:{number}: {target}")
    return lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title, with `code`\n\n[a](#a-title-with-code) [b](no.md) [c](#no) ![d](no.png)\n\n```\n[e](no)\n```\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.docs.test_links.ROOT", tmp_path)
        assert [line.rpartition(" ")[2] for line in broken(page)] == ["no.md", "#no", "no.png"]


def test_every_page_is_listed_by_its_kind() -> None:
    listed = {target for _, target in links(DOCS / "index.md")}
    assert {path.name for path in DOCS.glob("*.md")} | {path.name for path in DOCS.glob("*.ipynb")} <= listed | {
        "index.md"
    }
    decisions = {target for _, target in links(DOCS / "adr" / "index.md")}
    assert {path.name for path in (DOCS / "adr").glob("0*.md")} == decisions


def test_the_index_has_four_kinds() -> None:
    headings = re.findall(r"^## (.*)", (DOCS / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Tutorial", "How to", "Reference", "Reasons"]


def test_files_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tops = ("ffpms", "detectors", "benchmark", "scripts", "tests", "docs", "data_manifests")
    every = [f"/{path.relative_to(ROOT).as_posix()}" for path in ROOT.iterdir() if path.is_file()]
    every += [f"/{path.relative_to(ROOT).as_posix()}" for top in tops for path in (ROOT / top).rglob("*.*")]
    named = re.findall(r"`([\w./-]+\.(?:py|md|cfg|toml|cff))`", text)
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in every)] == []
    assert len(named) > 20


def test_pages_that_code_names_exist() -> None:
    for path in (*ROOT.glob("[a-z]*/**/*.py"), ROOT / "CHANGELOG.md", ROOT / "setup.cfg"):
        for name in re.findall(r"\bdocs/[\w/-]+\.(?:md|ipynb|svg|png|jpg)", path.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), (path, name)
