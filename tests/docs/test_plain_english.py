"""Pages are in plain English: short sentences, no quaint words, lines that fit."""

import re
from pathlib import Path

import pytest

from tests.helpers.pages import PAGES, ROOT, count_words, prose, sentences

AVERAGE, LONGEST, COLUMNS = 14, 25, 100
FRAGMENT = 3
"""Fewer words are a lead-in such as "Why." and would flatter the average."""

BANNED = (r"h[eo]ld(?:s|ing)? (?:\w+ )?against", r"mend(?:s|ed|ing)?", "so many", "what becomes of", "speaks? against")
WIDE = re.compile(r"^\s*(\||!\[|<|\[!)")
"""Lines that cannot be broken: tables and pictures."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_are_short(page: Path) -> None:
    found = [(count_words(sentence), sentence) for sentence in sentences(page)]
    assert [sentence for words, sentence in found if words > LONGEST] == []
    counted = [words for words, _ in found if words >= FRAGMENT]
    assert sum(counted) <= AVERAGE * len(counted)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_word_is_quaint(page: Path) -> None:
    text = "\n".join(line.text for line in prose(page)).lower()
    assert re.findall(rf"\b(?:{'|'.join(BANNED)})\b", text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_fit(page: Path) -> None:
    wide = [line.number for line in prose(page) if len(line.text) > COLUMNS and not WIDE.match(line.text)]
    assert wide == []


def test_the_readme_is_short() -> None:
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()
    assert 500 <= len(words) <= 800


def test_what_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Title\n\nOne two `a b c`. See Fig. 7,\nfour [five](six).\n\n- Seven; 8.5.\n\n| no | t |\n\n```\nno\n```\n"
    )
    assert [count_words(sentence) for sentence in sentences(page)] == [3, 5, 2]
