"""The tables as a page: what Markdown shows, escaped, whole and alone."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from benchmark.leaderboards.board import Board, make_board
from benchmark.leaderboards.rendering.html import render_html
from benchmark.leaderboards.rendering.tables import make_tables
from benchmark.runs.folder import Failure
from tests.helpers.scores import run

VOID = {"meta", "link", "img"}


class Page(HTMLParser):
    """The text of each cell, the bold as in Markdown: a list a row, a list of rows a caption."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.tags == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        self.tags += [] if tag in VOID else [tag]
        if tag == "table":
            self.rows = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td", "caption"):
            self.text = ""
        elif tag == "strong":
            self.text += "**"

    def handle_endtag(self, tag: str) -> None:
        assert self.tags.pop() == tag
        if tag in ("th", "td"):
            self.rows[-1].append(self.text)
        elif tag == "strong":
            self.text += "**"
        elif tag == "caption":
            self.tables[self.text] = self.rows

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def board() -> Board:
    """On FFPMS: S-MIL twice, a method of one seed with signs in its name, a failed trial."""
    runs = [*(run(seed, dataset="FFPMS") for seed in (0, 100, 200)), run(method='a<b>&"c', dataset="FFPMS")]
    runs += [run(seed, dataset="FFPMS", epochs=2) for seed in (1, 101, 201)]
    return make_board(runs, [Failure("s-mil-9", "s-mil", 9, "FFPMS", "abc", "epochs=30", "no memory on <cuda:0> & co")])


@pytest.fixture(scope="module")
def text(board: Board) -> str:
    return render_html(board.tables, board.failures)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def markdown_tables(text: str) -> dict[str, list[list[str]]]:
    """The rows of each Markdown table by its title, the head first, the line below it left out."""
    tables = {}
    for part in text.split("### ")[1:]:
        lines = [line for line in part.splitlines() if line.startswith("|")]
        tables[part.splitlines()[0]] = [
            [unescape(c.strip()) for c in line.split("|")[1:-1]] for n, line in enumerate(lines) if n != 1
        ]
    return tables


def test_the_tables_are_those_of_the_markdown(board: Board, page: Page) -> None:
    assert len(page.tables) == 4
    assert page.tables == markdown_tables(board.markdown())
    assert list(page.tables) == list(markdown_tables(board.markdown()))


def test_the_best_is_strong_and_the_interval_small(text: str) -> None:
    table = text.split("<caption>Video AUC (%), FFPMS</caption>")[1].split("</table>")[0]
    cells = re.findall(r"<td>(.*?)</td>", table)
    value, spread = r"(<strong>[\d.]+</strong>|[\d.]+(<sup>[†‡]</sup>)?)", r"(± [\d.]+ )?\[[\d.]+, [\d.]+\]"
    assert len(cells) == 9
    assert all(re.fullmatch(f"{value} <small>{spread}</small>", cell) for cell in cells)
    assert sum("<strong>" in cell for cell in cells) == 3
    assert any("†" in cell for cell in cells)


def test_what_the_marks_mean_stands_below_the_tables(text: str) -> None:
    marks = re.findall(r"<li>(.*?)</li>", text)
    assert [mark.partition(":")[0] for mark in marks] == [
        *("[ ]", "±", "Bold", "†", "‡"),
        "Differences from rows of fewer than three seeds (a&lt;b&gt;&amp;&quot;c) are not tested",
    ]
    assert text.index("<caption>Frame AUC") < text.index("<li>") < text.index("<caption>Failed")


def test_signs_of_a_name_are_text(text: str, page: Page) -> None:
    assert {tag for tag, _ in page.attributes}.isdisjoint({"b", "cuda:0"})
    assert text.count("a&lt;b&gt;&amp;&quot;c") == 4
    assert ["s-mil-9", "FFPMS", "no memory on <cuda:0> & co"] in page.tables["Failed"]


def test_signs_of_a_set_are_text() -> None:
    board = make_board([run(dataset="<i>x</i>")])
    named = make_tables(board.cells.replace({"manipulation": {"DF": "<u>"}}))
    tables = Page(render_html(list(named), board.failures)).tables
    assert tables["Video AUC (%), <i>x</i>"][0] == ["method", "<u>", "F2F", "all"]


def test_the_page_needs_nothing_else(text: str, page: Page) -> None:
    assert not re.search(r"http|script|@import|url\(", text)
    assert {name for _, own in page.attributes for name in own}.isdisjoint({"src", "href"})
    assert not any(tag in ("link", "img") for tag, _ in page.attributes)
    assert "color-scheme: light dark" in text


def test_every_head_says_what_it_is_the_head_of(page: Page) -> None:
    scopes = [own.get("scope") for tag, own in page.attributes if tag == "th"]
    tables = page.tables.values()
    assert scopes.count("col") == sum(len(rows[0]) for rows in tables)
    assert scopes.count("row") == sum(len(rows) - 1 for rows in tables)
    assert len(scopes) == scopes.count("col") + scopes.count("row")


def test_two_sets_have_tables_of_their_own() -> None:
    board = make_board([run(data="11111111aa"), run(method="xn-avg", data="22222222bb")])
    tables = Page(render_html(board.tables, board.failures)).tables
    titles = [title for title in tables if title.startswith("Video AUC")]
    assert titles == ["Video AUC (%), FFPMS-custom 11111111", "Video AUC (%), FFPMS-custom 22222222"]
    assert [[row[0] for row in tables[title]] for title in titles] == [["method", "s-mil"], ["method", "xn-avg"]]
    assert "Failed" not in tables


def test_failures_alone_are_a_page() -> None:
    board = make_board([], [Failure("s-mil-9", "s-mil", 9, "FFPMS", "abc", "epochs=30", "no memory")])
    text = render_html(board.tables, board.failures)
    assert Page(text).tables == {"Failed": [["run", "dataset", "why"], ["s-mil-9", "FFPMS", "no memory"]]}
    assert "<ul>" not in text
