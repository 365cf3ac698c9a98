"""docs/localisation.md: its commands have flags that exist, and it says of the experiment what holds."""

import re
import shlex

import pytest

from benchmark.experiments.catalogue import ANY, EXPERIMENTS
from benchmark.experiments.chance import N_DRAWS, NAME
from benchmark.experiments.localisation import TABLES
from benchmark.figures.timelines import COLUMNS, N_FAKES, N_PROPOSALS
from benchmark.metrics.temporal_localisation import AP_IOUS, AR_PROPOSALS
from ffpms.cli import main
from tests.helpers.pages import ROOT

PAGE = (ROOT / "docs" / "localisation.md").read_text(encoding="utf-8")
LINES = [shlex.split(line) for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("words", LINES, ids=lambda words: words[1])
def test_every_flag_of_its_commands_exists(words: list[str]) -> None:
    assert words[0] == "ffpms"
    command = main.commands[words[1]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
    command.make_context(words[1], words[2:])


def test_its_tables_are_those_of_the_page_of_the_experiment() -> None:
    (block,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    title, columns = next(iter(TABLES.items()))
    assert block.startswith(f"### {title}, ")
    head = next(line for line in block.splitlines() if line.startswith("| method"))
    assert [cell.strip() for cell in head.strip("|").split("|")][1:] == list(columns.values())
    assert [float(number) for number in re.findall(r"at IoU (.*?)\s*\|", PAGE)[0].replace(" and", ",").split(", ")] == [
        iou / 100 for iou in AP_IOUS
    ]
    assert ", ".join(map(str, AR_PROPOSALS[:-1])) + f" and {AR_PROPOSALS[-1]} proposals" in PAGE


def test_it_names_the_methods_the_columns_and_the_number_of_videos() -> None:
    (said,) = re.findall(r"Without `--methods` these are run: (.*?)\.", PAGE, re.DOTALL)
    assert tuple(re.findall(r"`([\w-]+)`", said)) == EXPERIMENTS["localisation"].methods[ANY]
    (row,) = re.findall(r"\| `timelines.csv` \| (.*) \|", PAGE)
    assert [name for name in re.findall(r"`(\w+)`", row) if name in COLUMNS] == COLUMNS
    words = ["", "one", "two", "three", "four", "five", "six"]
    videos = f"{words[N_FAKES + 1]} test videos over their seconds, {words[N_FAKES]} fake and one real"
    assert f"| the picture | {videos}: " in PAGE
    assert f"up to {words[N_PROPOSALS]} proposals" in PAGE


def test_it_has_the_row_of_random_scores_last_and_says_how_they_are_drawn() -> None:
    (block,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert block.splitlines()[-1].startswith(f"| {NAME} |")
    assert f"mean and standard deviation over {N_DRAWS} seeded draws" in " ".join(PAGE.split())
