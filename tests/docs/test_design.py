"""docs/design.md is true: its folders and functions exist, and the steps and laws that code names are in it."""

import ast
import re
from collections import Counter
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.helpers.pages import ROOT, section

TEXT = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
PACKAGES = ("ffpms", "benchmark", "detectors")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py):([\w.]+)`", TEXT)))
AT_MOST = 16
CODE = [path for folder in (*PACKAGES, "tests") for path in (ROOT / folder).rglob("*.py")]


def defined_in(path: Path) -> set[str]:
    """Functions and classes of a module, and methods as ``Class.method``."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{own.name}" for own in node.body if isinstance(own, ast.FunctionDef)}
    return found


def numbers_in(title: str) -> set[int]:
    return {int(number) for number in re.findall(r"^(\d+)\. ", section(TEXT, title), re.MULTILINE)}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_function_of_the_walks_exists(path: str, name: str) -> None:
    assert name in defined_in(ROOT / path)


def test_there_are_three_walks_of_many_calls() -> None:
    walks = section(TEXT, "The walks").split("\n### ")[1:]
    assert len(walks) == 3
    assert all(len(re.findall(r"\.py:\w", walk)) >= 10 for walk in walks)


def test_every_folder_is_described() -> None:
    folders = {path.parent.relative_to(ROOT).as_posix() for p in PACKAGES for path in (ROOT / p).rglob("__init__.py")}
    assert set(re.findall(r"^\| `([\w/]+)/` \|", section(TEXT, "The folders"), re.MULTILINE)) == folders


@pytest.mark.parametrize(
    ("title", "contract"),
    [("a video's journey", "video-journey"), ("a trial", "training-wing"), ("a score", "scores-to-tables")],
)
def test_the_orders_are_those_of_the_contracts(title: str, contract: str) -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = re.findall(r"[\w.]+", setup[f"importlinter:contract:{contract}"]["layers"])
    order = re.search(rf"^- {title}: ([^;.]+)[;.]", section(TEXT, "The folders"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", order[1] if order else "") == [layer.partition(".")[2] for layer in layers]


def test_folders_have_few_modules() -> None:
    counts = Counter(path.parent.relative_to(ROOT).as_posix() for p in PACKAGES for path in (ROOT / p).rglob("*.py"))
    assert [folder for folder, count in counts.items() if count > AT_MOST] == []


def test_unit_tests_lie_as_the_code_does() -> None:
    tests = ROOT / "tests" / "unit"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    assert [folder for folder in folders if not (ROOT / folder / "__init__.py").is_file()] == []


def test_every_file_that_is_named_exists() -> None:
    for path in re.findall(r"`([\w/]+/[\w]+\.(?:py|parquet))`", TEXT):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize(("word", "title"), [("step", "One video's journey"), ("law", "The laws")])
def test_numbers_that_code_names_are_in_the_design(word: str, title: str) -> None:
    numbers = rf"\b{word}s? (\d+)(?: (?:to|and) (\d+))? of docs/design\.md"
    named = [
        n
        for path in CODE
        for pair in re.findall(numbers, path.read_text(encoding="utf-8"), re.IGNORECASE)
        for n in pair
        if n
    ]
    assert set(map(int, named)) <= numbers_in(title)


def test_no_law_is_named_without_its_page() -> None:
    loose = re.compile(r"\bLaws? \d+(?!\d| (?:(?:to|and) \d+ )?of docs/design\.md)")
    assert [path for path in CODE if loose.search(path.read_text(encoding="utf-8"))] == []
