"""Text of others in Markdown is text: it is no HTML, no link, no emphasis and no formula."""

import re
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from benchmark.figures.robustness_files import render_robustness
from benchmark.leaderboards.board import make_board
from benchmark.leaderboards.rendering.markdown import escape
from benchmark.runs.folder import Failure
from benchmark.runs.submissions.card import Card
from tests.helpers.scores import run
from tests.helpers.submission_folders import CARD, CONFIGURATION

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> | a \\input{/etc/passwd} $x_1$ & &lt; % # `code` ``c`"
    " [l](javascript:alert(3)) ![i](http://x/y.png) [r][s] *e* __s__ _e_ ~~d~~ \\[a](b) <http://x> <1@x.y> <!-- c"
)


def show(text: str) -> str:
    """What a reader sees of Markdown; fails if any of it is more than a paragraph or a table of text."""
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    tags = set(re.findall(r"</?([a-z0-9]+)", html))
    assert tags <= {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "strong"}
    return unescape(re.sub("<[^>]*>", "", html))


@pytest.mark.parametrize(
    "text", [HOSTILE, *HOSTILE.split(), "# a", "> a", "+ a", "- a", "=", "a_b_c", "a__b", "s-mil [lr=0.1]", "\\|"]
)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert show(escape(text)).strip() == text
    assert not re.search(r"(?<!\\)\$", escape(text)), "GitHub takes it for a formula"


def test_what_means_nothing_stays_as_it_is() -> None:
    for text in (
        "s-mil [backbone=tiny, micro_batch=4]",
        "first DF_607_683: misaligned",
        "[x]: a & b (c)",
        "a > b",
        "a < b",
    ):
        assert escape(text) == text


def test_a_card_is_text_at_the_foot_of_the_leaderboard() -> None:
    own = CONFIGURATION | {"trained_on": HOSTILE, "chosen": HOSTILE}
    card = Card.of(CARD | {"title": HOSTILE, "authors": [HOSTILE], "licence": HOSTILE, "configuration": own})
    board = make_board([replace(run(), external=True, card=card), run(method="b")])
    assert show(board.markdown()).count(HOSTILE) == 5


def test_names_of_rows_columns_sets_and_failures_are_text() -> None:
    failed = Failure("x", "x", 0, HOSTILE, "abc", "", HOSTILE)
    text = make_board([run(method=HOSTILE, dataset=HOSTILE), run(method="b", dataset=HOSTILE)], [failed]).markdown()
    assert show(text).count(HOSTILE) >= 3 + 3 + 2


def test_names_of_rows_on_perturbed_faces_are_text() -> None:
    about = {"method": HOSTILE, "table": HOSTILE, "metric": "auc", "kind": "blur", "kinds": "blur", "missing": ""}
    numbers = {"seeds": "0", "level": 0, "value": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    assert show(render_robustness(pd.DataFrame([about | numbers]))).count(HOSTILE) == 2
