"""Pages of the documentation: their prose, headings and links, read without a site generator."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if ROOT / "docs" / "board" not in page.parents),
)
"""All but the READMEs of the recipes of boards."""

_RULE = re.compile(r"^\s*\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?$")
"""The line between the head of a table and its rows."""
_FENCE = re.compile(r"^\s*```")
_BLOCK = re.compile(r"^(\s*([-*]|\d+\.) |#|\||<|!\[|\s*$)")
_SKIPPED = re.compile(r"^\s*(#|\||<|!\[|:::|\(.*\)=$)")
_LINK = re.compile(r"(?<!\\)!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_END = re.compile(r"(?<!\bEq)(?<!\bFig)(?<!\be\.g)(?<!\bal)[.!?][\"')*]*(?=\s|$)")


class Line(NamedTuple):
    """A line of prose and its number in the file."""

    number: int
    text: str


def prose(page: Path) -> Iterator[Line]:
    """The lines outside code, with headings and tables."""
    inside = False
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if _FENCE.match(text):
            inside = not inside
        elif not inside:
            yield Line(number, text)


def code_of(page: Path, language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def section(text: str, title: str) -> str:
    """What stands below a heading of the second level, up to the next."""
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def sentences(page: Path) -> Iterator[str]:
    """Each sentence of paragraphs and lists; a span of code is one word."""
    for block in _blocks(page):
        text = _LINK.sub(r"\1", re.sub(r"`[^`]*`", "code", block)).replace("**", "")
        text = re.sub(r"^\s*([-*]|\d+\.) ", "", text)
        yield from (part.strip() for part in _END.split(text) if part.strip())


def _blocks(page: Path) -> Iterator[str]:
    block: list[str] = []
    for line in prose(page):
        if _BLOCK.match(line.text) and block:
            yield " ".join(block)
            block = []
        if line.text.strip() and not _SKIPPED.match(line.text):
            block.append(line.text)
    if block:
        yield " ".join(block)


def count_words(sentence: str) -> int:
    """Words, that is what has a letter or a digit."""
    return sum(any(letter.isalnum() for letter in word) for word in sentence.split())


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Each link's line and target; those of pictures too."""
    for line in prose(page):
        for match in _LINK.finditer(re.sub(r"`[^`]*`", "code", line.text)):
            yield line.number, match[2]
        for target in re.findall(r'(?:src|href|srcset)="([^"]+)"', line.text):
            yield line.number, target


def anchors(page: Path) -> set[str]:
    """What a link into a page may name: its headings, as GitHub and the site spell them."""
    headings = [line.text.lstrip("#").strip() for line in prose(page) if re.match(r"#+ ", line.text)]
    return {_anchor(heading) for heading in headings}


def _anchor(heading: str) -> str:
    plain = _LINK.sub(r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def broken_rows(page: Path) -> Iterator[tuple[int, int, int]]:
    """Each row with other cells than its table's columns: its line, its cells, and the columns.

    As GitHub reads it: a pipe ends a cell unless it is escaped, in code too.
    """
    columns, above = 0, ""
    for line in prose(page):
        if _RULE.match(line.text) and "|" in above:
            columns = _count_cells(line.text)
            yield from _compare(line.number - 1, above, columns)
        elif columns and line.text.strip():
            yield from _compare(line.number, line.text, columns)
        else:
            columns = 0
        above = line.text


def _compare(number: int, row: str, columns: int) -> Iterator[tuple[int, int, int]]:
    if (cells := _count_cells(row)) != columns:
        yield number, cells, columns


def _count_cells(row: str) -> int:
    own = re.sub(r"(?<!\\)\|$", "", row.strip()).removeprefix("|")
    return len(re.findall(r"(?<!\\)\|", own)) + 1
