"""The foot of a board says why a set has not the official name."""

from dataclasses import replace

from benchmark.leaderboards.board import Board, make_board
from benchmark.leaderboards.rendering.html import render_html
from benchmark.leaderboards.rendering.latex import escape, render_latex
from benchmark.runs.folder import Run
from ffpms.protocol.rendered import CAVEAT
from tests.helpers.scores import run

WHY = ("--seed 7 is not v1's 2020", "1 of 700 test videos have not the published length or size (first DF_1: a < b)")
LINE = f"FFPMS-custom: {WHY[0]}; {WHY[1]}"


def custom(seed: int = 0, **about: str) -> Run:
    return replace(run(seed, **about), reasons=WHY)


def lines(board: Board) -> list[str]:
    return [line for line in board.markdown().splitlines() if line.startswith(("FFPMS", "FF++"))]


def test_one_line_for_all_rows_of_a_set() -> None:
    board = make_board([custom(0), custom(1), custom(0, method="xn-avg")])
    assert lines(board) == [LINE]
    assert board.markdown().rstrip().endswith(LINE), "below the tables"


def test_sets_of_one_name_are_told_apart_as_in_their_titles() -> None:
    board = make_board([custom(data="1" * 8), custom(data="2" * 8), run(dataset="FFPMS")])
    assert lines(board) == [LINE.replace(":", f" {digit * 8}:", 1) for digit in "12"]


def test_sets_of_one_name_begin_with_what_not_all_of_them_have() -> None:
    ends = ("--placement segments is not v1's random", "--segments 1-3 is not v1's", "--frames 64 is not v1's 20")
    other = replace(custom(data="2" * 8), reasons=(*WHY, *ends))
    first, second = lines(make_board([custom(data="1" * 8), other]))
    assert first == LINE.replace(":", f" {'1' * 8}:", 1)
    unlike = f"FFPMS-custom {'2' * 8}, unlike another set of this name: {'; '.join(ends)}"
    assert second == f"{unlike}. In all of them: {'; '.join(WHY)}"


def test_an_official_set_needs_no_word() -> None:
    board = make_board([run(dataset="FFPMS")])
    assert (board.notes, lines(board)) == ({}, [])


def test_a_rendered_set_says_so_under_each_name() -> None:
    """Nothing is wrong with it, but its numbers say nothing about deepfakes."""
    line = "Minicorpus-40: it is rendered, so its numbers say nothing about deepfakes"
    board = make_board([replace(run(dataset="Minicorpus-40"), reasons=(CAVEAT,))])
    assert board.markdown().rstrip().endswith(line)
    assert f"<li>{line}</li>" in render_html(board.tables, board.failures, board.notes)


def test_every_page_says_it() -> None:
    board = make_board([custom(), run(dataset="FFPMS", data="other")])
    assert f"<li>{LINE.replace('<', '&lt;').replace(chr(39), '&#x27;')}</li>" in render_html(
        board.tables, board.failures, board.notes
    )
    captions = [line for line in render_latex(board.tables, board.notes).splitlines() if "caption" in line]
    assert [escape(LINE) in line for line in captions] == [", FFPMS-custom. " in line for line in captions]
    assert len({escape(LINE) in line for line in captions}) == 2
