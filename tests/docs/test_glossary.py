"""docs/glossary.md gives every term one line, and sorts out words of several meanings."""

import re

from tests.helpers.pages import ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
PLAIN, AMBIGUOUS = TEXT.split("\n## Words with more than one meaning\n")


def terms(text: str) -> list[str]:
    return [term for term in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) if term not in ("term", "word")]


def test_each_term_stands_once_and_has_a_meaning() -> None:
    rows = re.findall(r"^\| (\w[^|]*) \| ([^|]+) \|$", PLAIN, re.MULTILINE)
    assert len(rows) == len(terms(PLAIN)) + PLAIN.count("| term | meaning |")
    assert len(set(terms(PLAIN))) == len(terms(PLAIN)) >= 40
    assert all(len(meaning) > 10 for term, meaning in rows if term != "term")


def test_words_of_several_meanings_are_sorted_out() -> None:
    assert {"board", "picture", "grid", "align", "cluster", "line", "pair", "rank"} <= set(terms(AMBIGUOUS))
