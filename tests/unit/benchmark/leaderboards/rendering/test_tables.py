"""Tables that people read: Markdown, LaTeX, JSON."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from benchmark.leaderboards.board import Board, make_board
from benchmark.leaderboards.rendering.files import render_json
from benchmark.leaderboards.rendering.latex import escape, render_latex
from tests.helpers.scores import keep_one_pair, run


@pytest.fixture(scope="module")
def board() -> Board:
    """On FFPMS: two settings of S-MIL, and a method that the paper has not, three seeds each."""
    return make_board(
        [
            *(run(seed, dataset="FFPMS") for seed in (0, 100, 200)),
            *(run(seed, dataset="FFPMS", epochs=2) for seed in (1, 101, 201)),
            *(run(seed, "my_100%_tool", dataset="FFPMS") for seed in (0, 100, 200)),
        ]
    )


def rows(text: str, title: str) -> dict[str, list[str]]:
    """The rows of a Markdown table by their name."""
    table = text.split(f"### {title}")[1].split("###")[0]
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]
    return {name: numbers for name, *numbers in cells}


def test_only_the_short_tables_are_shown(board: Board) -> None:
    titles = re.findall(r"^### (.*), FFPMS$", board.markdown(), re.MULTILINE)
    assert titles == ["Video accuracy at 0.5 (%)", "Video AUC (%)", "Frame AUC (%)"]


def test_a_number_has_its_interval_and_its_spread(board: Board) -> None:
    shown = rows(board.markdown(), "Video AUC (%)")["s-mil"][2]
    cell = board.cells.query(
        "metric == 'auc' and method == 's-mil' and manipulation == 'all' and fake_rate_bucket == 'all'"
    ).iloc[0]
    numbers = [float(n) for n in re.findall(r"[\d.]+", shown)]
    assert numbers == pytest.approx([100 * cell[c] for c in ("value", "std", "ci_low", "ci_high")], abs=0.051)
    assert "±: standard deviation over seeds" in board.markdown()


def test_the_paper_stands_in_rows_of_its_own(board: Board) -> None:
    """Li 2020, Table 1: S-MIL on DF 0.9036, on F2F 0.8107."""
    shown = rows(board.markdown(), "Video accuracy at 0.5 (%)")
    assert shown["s-mil (paper)"] == ["90.36", "81.07", ""], "in the columns of ours"
    assert sum("(paper)" in name for name in shown) == 7
    ours = board.cells.query("source == 'ours' and metric == 'accuracy' and method == 's-mil' and manipulation == 'DF'")
    value = ours[ours["fake_rate_bucket"] == "all"]["value"].item()
    assert shown["s-mil, ours − paper"][:1] == [f"{100 * (value - 0.9036):+.2f}"]
    assert "s-mil [epochs=2], ours − paper" not in shown, "the paper has no such training"
    assert "my_100%_tool, ours − paper" not in shown
    assert not any("paper" in name for name in rows(board.markdown(), "Video AUC (%)"))


def test_the_paper_is_never_among_ours(board: Board) -> None:
    paper = board.cells[board.cells["source"] == "paper"]
    assert len(paper) == 28
    assert set(paper["metric"]) == {"accuracy"}
    assert set(paper["dataset"]) == {"FFPMS"}
    assert paper["standing"].eq("").all()
    assert paper["minus_paper"].isna().all()
    assert not set(board.comparisons["method"]) & {"lstm", "i3d"}


@pytest.mark.parametrize("dataset", ["FFPMS-custom", "FFPMS-minicorpus", "ffpms"])
def test_another_set_has_nothing_of_the_paper(dataset: str) -> None:
    board = make_board([run(dataset=dataset)])
    cells = board.cells
    assert set(cells["source"]) == {"ours"}
    assert cells["minus_paper"].isna().all()
    assert "paper" not in board.markdown()


def test_two_custom_sets_have_tables_of_their_own() -> None:
    text = make_board([run(data="11111111aa"), run(method="xn-avg", data="22222222bb")]).markdown()
    assert "### Video AUC (%), FFPMS-custom 11111111" in text
    assert "### Video AUC (%), FFPMS-custom 22222222" in text
    assert "†" not in text
    assert "**" not in text
    assert "seed" not in text, "nothing to compare"


def test_tables_come_in_the_order_of_their_names() -> None:
    sets = [("FFPMS-custom", "2"), ("FF++-c40-custom", "9"), ("FF++-c0-custom", "8"), ("FFPMS-custom", "1")]
    text = make_board([run(dataset=name, data=data) for name, data in sets]).markdown()
    names = re.findall(r"^### Video AUC \(%\), (.*)$", text, re.MULTILINE)
    assert names == ["FF++-c0-custom", "FF++-c40-custom", "FFPMS-custom 1", "FFPMS-custom 2"]


def test_two_builds_of_ffpms_share_a_table() -> None:
    board = make_board([run(dataset="FFPMS", data="1"), run(method="xn-avg", dataset="FFPMS", data="2")])
    assert board.markdown().count("### Video AUC") == 1
    assert len(board.comparisons) == 9


def test_latex_is_balanced_and_escaped(board: Board) -> None:
    text = render_latex(board.tables)
    unescaped = re.sub(r"\\[{}\\]", "", text.replace(r"\\", ""))
    assert unescaped.count("{") == unescaped.count("}")
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 3
    assert text.isascii()
    assert r"my\_100\%\_tool" in text
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {3}
    assert not re.search(r"(?<!\\)[%#_]", "\n".join(body))
    assert r"$^\dagger$" in text
    assert re.search(r"& \\textbf\{\d+\.\d\d\}", text)
    assert "**" not in text
    assert "$-$ paper" in text


def test_escaping() -> None:
    assert escape(r"50% of a_b & {c} #1 ~ ^ \ $") == (
        r"50\% of a\_b \& \{c\} \#1 \textasciitilde{} \textasciicircum{} \textbackslash{} \$"
    )


def test_a_bar_in_a_name_breaks_no_table() -> None:
    lines = [line for line in make_board([run(method="a|b")]).markdown().splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {5}


def test_json_has_every_cell_and_no_nan(board: Board) -> None:
    content = json.loads(render_json(board.cells, board.comparisons), parse_constant=pytest.fail)
    assert len(content["cells"]) == len(board.cells)
    assert len(content["comparisons"]) == len(board.comparisons)
    first = content["cells"][0]
    assert first["value"] == pytest.approx(board.cells["value"][0], abs=1e-9)
    assert first["minus_paper"] is None
    assert list(first) == list(board.cells.columns)
    assert json.loads(render_json(board.cells[:1], board.comparisons[:0]))["comparisons"] == []
    assert list(json.loads(render_json(board.cells[:1]))) == ["cells"]


def test_each_format_is_a_file_and_no_other_is_written(board: Board, tmp_path: Path) -> None:
    assert {path.name for path in board.write(tmp_path, ("latex",))} == {"leaderboard.tex"}
    assert [path.name for path in tmp_path.iterdir()] == ["leaderboard.tex"]
    board.write(tmp_path)
    names = {f"leaderboard.{suffix}" for suffix in ("csv", "md", "tex", "json", "html")} | {"comparisons.csv"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert len(pd.read_csv(tmp_path / "leaderboard.csv")) == len(board.cells)


def told(methods: dict[str, int]) -> str:
    """What stands below the tables of methods with so many seeds each."""
    seeds = [(method, seed) for method, number in methods.items() for seed in range(0, 1000 * number, 1000)]
    return make_board([run(seed, method, ("DF",)) for method, seed in seeds]).markdown().strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({"mil": 1, "lstm": 1}, "One seed a method: differences are not tested, for the noise"),
        ({"mil": 2, "lstm": 1}, "Fewer than three seeds a method: differences are not tested, for the noise"),
        (
            {"mil": 3, "i3d": 2, "lstm": 1},
            "Differences from rows of fewer than three seeds (i3d, lstm) are not tested:",
        ),
    ],
)
def test_the_foot_says_what_is_not_tested_and_why(methods: dict[str, int], said: str) -> None:
    text = told(methods)
    assert said in text
    assert text.endswith("the noise between trainings is unknown; give bench --seeds 0,1,2, or hand in three seeds.")
    assert "†" not in text


def test_the_foot_is_silent_where_all_is_tested_or_nothing_can_be() -> None:
    assert "seeds" not in told({"mil": 3, "lstm": 3}).replace("over seeds", "")
    assert "seeds" not in told({"mil": 1})


def test_the_foot_says_of_which_tables_a_single_pair_is_the_reason() -> None:
    """A board may have another set, of several pairs, whose differences are tested."""
    of_one = [run(seed, name, ("DF",), "A", "a", n_pairs=1) for name in ("mil", "lstm") for seed in (0, 1000, 2000)]
    of_eight = [run(seed, name, ("DF",), "B", "b") for name in ("mil", "lstm") for seed in (0, 1000, 2000)]
    why = "is a single test pair: no interval, and differences are not tested."
    assert make_board(of_one).markdown().strip().endswith(f"There {why}")
    text = make_board([*of_one, *of_eight]).markdown().strip()
    assert text.endswith(f"Columns without an interval rest on {why[3:]}")
    assert why not in make_board(of_eight).markdown()


def test_the_foot_says_it_of_a_column_whose_fakes_are_of_a_single_pair() -> None:
    runs = [run(seed, name) for name in ("mil", "lstm") for seed in (0, 1000, 2000)]
    text = make_board([keep_one_pair(one, "F2F") for one in runs]).markdown()
    assert "Columns without an interval rest on a single test pair: no interval" in text
    assert "rest on" not in make_board(runs).markdown()
