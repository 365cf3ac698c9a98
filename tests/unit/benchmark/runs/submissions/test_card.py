"""``ffpms evaluate --submission``: the card of a submission, what it must say and where it is shown."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tomli_w

from benchmark.leaderboards.groups import group_runs
from benchmark.runs.collection import read_runs
from benchmark.runs.submissions.card import CARD as CARD_FILE
from benchmark.runs.submissions.card import Card, find_card_problems, read_card
from benchmark.runs.submissions.card_keys import KEYS, OF_THE_CONFIGURATION, OF_THE_DATA
from ffpms.dataset.built_set import BuiltSet
from tests.conftest import Command
from tests.helpers.pages import ROOT
from tests.helpers.submission_folders import CARD, CONFIGURATION, make_submission, predict_seeds, take_in
from tests.helpers.submissions import predict

EVERYTHING: dict[str, Any] = {
    "backbone": "xception",
    "weights": "ImageNet",
    "train_mix": "whole",
    "frames": 8,
    "size": 299,
    "epochs": 1.5,
    "seeds": [2, 0, 1],
    "trainings": ["c", "a", "b"],
    "settings": ["lr=0.1"],
    "chosen": "epoch",
    "hardware": "one GPU",
    "hours": 2,
    "code": "v1.0",
    "command": "python train.py",
    "notes": "Several\nlines.",
}


def test_the_card_names_the_row_and_is_kept(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    set_ = BuiltSet.load(whole)
    folder = make_submission(
        tmp_path / "entry",
        predict_seeds(whole),
        predict_seeds(whole, split="val"),
        configuration=CONFIGURATION | EVERYTHING,
        data={"name": set_.name, "sha256": set_.sha256[:8]},
    )
    result = ffpms("evaluate", "--submission", folder, "--data", whole, "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.stderr
    assert " and 2 more: 6 test bags scored\n" in result.stderr
    runs = read_runs(tmp_path / "runs")
    assert {one.method for one in runs} == {"my-tool"}
    assert {one.seed: one.training for one in runs} == {0: "a", 1: "b", 2: "c"}
    assert all(one.card and one.card.configuration == CONFIGURATION | EVERYTHING for one in runs)
    line = (
        "my-tool: My tool, by A. Author, B. Author, https://example.org/my-tool."
        " Trained on: train split of the set. Chosen: epoch on val. Licence of the scores: CC-BY-4.0."
    )
    assert line in result.stdout
    for name in ("leaderboard.md", "leaderboard.html"):
        assert line in (tmp_path / "runs" / name).read_text()
    board = pd.read_csv(tmp_path / "runs" / "leaderboard.csv")
    assert {"accuracy_val", "frame_auc"} <= set(board["metric"])


def test_the_same_scores_are_the_same_runs_with_and_without_a_card(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    folder = make_submission(tmp_path / "entry", predict_seeds(whole))
    flags = ("--data", whole, "--out", tmp_path / "runs")
    assert ffpms("evaluate", "--scores", folder / "scores.csv", "--name", "my-tool", *flags).exit_code == 0
    before = {one.run_id for one in read_runs(tmp_path / "runs")}
    assert ffpms("evaluate", "--submission", folder, *flags).exit_code == 0
    runs = read_runs(tmp_path / "runs")
    assert {one.run_id for one in runs} == before
    assert all(one.card for one in runs)
    card = folder / CARD_FILE
    card.write_text(card.read_text().replace("My tool", "Our tool"))
    assert "Our tool, by" in ffpms("evaluate", "--submission", folder, *flags).stdout


def test_several_submissions_are_one_board(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    folders = [
        make_submission(tmp_path / name, predict(whole), method=name, title=name) for name in ("a-tool", "b-tool")
    ]
    flags = [word for folder in folders for word in ("--submission", folder)]
    assert ffpms("evaluate", *flags, "--data", whole, "--out", tmp_path / "runs").exit_code == 0
    assert set(pd.read_csv(tmp_path / "runs" / "leaderboard.csv")["method"]) == {"a-tool", "b-tool"}


def test_one_submission_twice_is_refused(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    """Its second card would take the place of the first."""
    one, other = (make_submission(tmp_path / name, predict(whole), title=name) for name in ("one", "other"))
    flags = ("--submission", one, "--submission", other)
    result = ffpms("evaluate", *flags, "--data", whole, "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert result.stderr == f"Error: {other}: has the method and the scores of {one}; leave one of the two away\n"


@pytest.mark.parametrize(
    ("training", "mark", "said"),
    [
        ("other data", "trained on other data", "it did not learn from the train split of the set"),
        ("train split and other data", "trained on more data", "it learnt from the train split of the set and from"),
    ],
)
def test_other_training_data_are_marked_and_explained(
    ffpms: Command, whole: Path, tmp_path: Path, training: str, mark: str, said: str
) -> None:
    own = CONFIGURATION | {"training": training, "trained_on": "FaceForensics++ c23"}
    folders = (
        make_submission(tmp_path / "theirs", predict(whole), configuration=own),
        make_submission(tmp_path / "ours", predict(whole), method="our-tool"),
    )
    flags = [word for folder in folders for word in ("--submission", folder)]
    result = ffpms("evaluate", *flags, "--data", whole, "--out", tmp_path / "runs")
    assert f"| my-tool [{mark}] |" in result.stdout
    assert f"my-tool [{mark}]: My tool, by A. Author, B. Author, https://example.org/my-tool." in result.stdout
    assert "Trained on: FaceForensics++ c23." in result.stdout
    assert f"[{mark}]: {said}" in result.stdout
    assert "our-tool: My tool" in result.stdout


def test_a_method_of_the_paper_has_no_difference_from_it(tmp_path: Path) -> None:
    folder = make_submission(tmp_path / "entry", predict(None), method="s-mil")
    (group,) = group_runs(take_in(folder, None, tmp_path / "runs"))
    assert (group.method, group.table, group.is_the_papers) == ("s-mil [external]", "FFPMS", False)


WRONG = {
    "an unknown key": ({"titel": "x"}, ["titel: no key of a card; did you mean title?"]),
    "an unknown table": ({"extra": {"a": 1}}, ["extra: no key of a card; leave it away"]),
    "no title": ({"title": None}, ["title: missing; give a text"]),
    "an empty title": ({"title": " "}, ["title: ' ' does not fit; give a text in one line, not empty"]),
    "two lines": ({"title": "a\nb"}, ["title: has a line break; write it in one line"]),
    "an escape": ({"title": "a\x1b[31m"}, ["title: has the letter U+001B, which cannot be shown; leave it away"]),
    "a letter that turns text": ({"title": "\u202ea"}, ["title: has the letter U+202E RIGHT-TO-LEFT OVERRIDE, which"]),
    "a hidden letter in notes": (
        {"configuration": CONFIGURATION | {"notes": "a\n\u200bb"}},
        ["configuration.notes: has the letter U+200B ZERO WIDTH SPACE, which cannot be shown; leave it away"],
    ),
    "a long text": ({"title": "a" * 2001}, ["title: has 2001 letters; give at most 2000"]),
    "many authors": ({"authors": ["A"] * 101}, ["authors: has 101 entries; give at most 100"]),
    "an odd author": ({"authors": ["A", "B\x7f"]}, ["authors: entry 2 has the letter U+007F, which cannot be shown"]),
    "a number": ({"licence": 4}, ["licence: 4 does not fit; give a text"]),
    "one author": ({"authors": "A. Author"}, ["authors: 'A. Author' does not fit; give a list of names"]),
    "a name": ({"method": "../up"}, ["method: '../up' does not fit; give a name of 1 to 64"]),
    "a script": ({"url": "javascript:alert(1)"}, ["url: 'javascript:alert(1)' does not fit; give an address"]),
    "a quote in an address": (
        {"url": 'https://a/"onclick="x'},
        ["url: has '\"', which an address may not have; write %22 in its place, or give another address"],
    ),
    "a date in quotes": ({"date": "2026-11-26"}, ["date: '2026-11-26' does not fit; give a date such as"]),
    "a time": (
        {"date": datetime(2026, 11, 26, 12)},
        ["date: 2026-11-26 12:00:00 does not fit; give a date such as 2026-11-26, without quotes and without a time"],
    ),
    "an old date": ({"date": date(2013, 12, 31)}, ["date: 2013-12-31 is too long ago; give the date of"]),
    "dots": ({"method": ".."}, ["method: '..' does not fit; give a name of 1 to 64 letters (a to z, A to Z), digits"]),
    "no faces": (
        {"configuration": CONFIGURATION | {"size": 0}},
        ["configuration.size: 0 does not fit; give a whole number from 1 to 2147483647"],
    ),
    "many hours": (
        {"configuration": CONFIGURATION | {"hours": 1e308}},
        ["configuration.hours: 1e+308 does not fit; give a number from 0 to 1000000000"],
    ),
    "no configuration": (
        {"configuration": None},
        ["configuration.training: missing", "configuration.trained_on: missing", "configuration.chosen_on: missing"],
    ),
    "no table": ({"configuration": "none"}, ["configuration: 'none' is no table; write [configuration]"]),
    "chosen on test": (
        {"configuration": CONFIGURATION | {"chosen_on": "test"}},
        ["""configuration.chosen_on: 'test' does not fit; give "val" or "other data" or "none\""""],
    ),
    "another training": (
        {"configuration": CONFIGURATION | {"training": "some"}},
        ["""configuration.training: 'some' does not fit; give "train split" or"""],
    ),
    "a misspelt key": (
        {"configuration": CONFIGURATION | {"backbones": "x"}},
        ["configuration.backbones: no key of a card; did you mean backbone?"],
    ),
    "true frames": ({"configuration": CONFIGURATION | {"frames": True}}, ["configuration.frames: True does not fit"]),
    "seeds twice": ({"configuration": CONFIGURATION | {"seeds": [1, 1]}}, ["configuration.seeds: one is there twice"]),
    "fewer trainings": (
        {"configuration": CONFIGURATION | {"seeds": [0, 1], "trainings": ["a"]}},
        ["configuration.trainings: 1 names of 2 seeds"],
    ),
    "half a hash": ({"data": {"name": "x", "sha256": "zz"}}, ["data.sha256: 'zz' does not fit; give 8 or more"]),
    "several": (
        {"title": 3, "authors": None, "colour": "red"},
        ["colour: no key", "title: 3 does not fit", "authors: missing"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_card_is_a_line_each_beside_what_is_wrong_with_the_scores(
    ffpms: Command, whole: Path, tmp_path: Path, name: str
) -> None:
    change, said = WRONG[name]
    folder = make_submission(tmp_path / "entry", predict(whole).iloc[1:], **change)
    result = ffpms("evaluate", "--submission", folder, "--data", whole, "--out", tmp_path / "runs")
    assert result.exit_code == 2
    *lines, of_scores = result.stderr.splitlines()
    assert of_scores.startswith(f"Error: {folder}/scores.csv: test bags of ")
    assert len(lines) == len(said)
    for line, text in zip(lines, said, strict=True):
        assert line.startswith(f"Error: {folder}/{CARD_FILE}: {text}"), line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("flag", ["--scores", "--name", "--val-scores"])
def test_a_submission_has_a_name_and_scores_of_its_own(ffpms: Command, whole: Path, tmp_path: Path, flag: str) -> None:
    folder = make_submission(tmp_path / "entry", predict(whole))
    result = ffpms("evaluate", "--submission", folder, flag, folder / "scores.csv", "--data", whole)
    assert result.exit_code == 2
    assert result.stderr == f"Error: --submission: such a folder has a name and scores of its own; leave {flag} away\n"


def test_one_of_the_two_ways_is_needed(ffpms: Command, tmp_path: Path) -> None:
    result = ffpms("evaluate", "--scores", tmp_path / "x.csv")
    assert result.exit_code == 2
    assert result.stderr == "Error: --name: not given; give --scores FILE --name NAME, or --submission DIR\n"


def test_a_run_whose_card_was_edited_is_left_out(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    folder = make_submission(tmp_path / "entry", predict(whole))
    flags = ("--data", whole, "--out", tmp_path / "runs")
    assert ffpms("evaluate", "--submission", folder, *flags).exit_code == 0
    (config,) = (tmp_path / "runs").glob("*/config.toml")
    config.write_text(config.read_text().replace("https://example.org/my-tool", "javascript:alert(1)"))
    result = ffpms("leaderboard", tmp_path / "runs")
    assert result.exit_code == 2
    assert "config.toml is damaged (url: 'javascript:alert(1)' does not fit" in result.stderr
    assert ffpms("evaluate", "--submission", folder, *flags).exit_code == 0, "it is written again"


def test_the_page_explains_every_key() -> None:
    page = (ROOT / "docs" / "board.md").read_text(encoding="utf-8")
    for keys in (KEYS, OF_THE_CONFIGURATION, OF_THE_DATA):
        assert all(f"| `{key}` |" in page for key in keys)


def test_a_hash_may_be_in_capitals() -> None:
    card = Card.of(CARD | {"data": {"name": "FFPMS", "sha256": "AB" * 8}})
    assert card.data == {"name": "FFPMS", "sha256": "ab" * 8}


def test_a_card_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / CARD_FILE
    path.write_text(tomli_w.dumps(CARD), encoding="utf-8-sig")
    assert read_card(path) == (Card(CARD), [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = 1\ntitle = 2\n", "a key or a table stands twice (at line 2, column 10); keep one of them"),
        ("[data]\n[data]\n", "a key or a table stands twice (at line 2, column 6); keep one of them"),
        ("data = {a = 1, a = 2}\n", "a key or a table stands twice (at line 1, column 21); keep one of them"),
        ("x = " + "[" * 10_000, 'lists or tables are nested too deep; write lines such as title = "My tool"'),
    ],
)
def test_why_a_card_is_no_toml_is_said_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / CARD_FILE
    path.write_text(text, encoding="utf-8")
    assert read_card(path) == (None, [f"{path}: {said}"])


def test_a_key_that_no_line_shows_is_quoted() -> None:
    (problem,) = find_card_problems(CARD | {"configuration": CONFIGURATION | {"a\nb": 1}})
    assert problem.startswith("'configuration.a\\nb': no key of a card")


def test_a_card_with_every_key_is_one() -> None:
    every = CARD | {"date": date(2026, 1, 1), "configuration": CONFIGURATION | EVERYTHING}
    assert set(every["configuration"]) == set(OF_THE_CONFIGURATION)
    assert find_card_problems(every | {"data": {"name": "FFPMS", "sha256": "0" * 64}}) == []
