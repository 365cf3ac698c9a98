"""Docstrings and comments are plain English: short first sentences, short lines, no quaint phrases."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("ffpms", "detectors", "benchmark", "data_manifests")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MAX_WORDS = 25
MAX_COLUMNS = 100
BANNED = (
    "held against",
    "hold against",
    "holds against",
    "mend",
    "mends",
    "mended",
    "mending",
    "so many",
    "what becomes of",
    "whatever becomes",
    "what speaks against",
    "said of",
    "of which nothing",
    "by whatever way",
)

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def documented(path: Path) -> Iterator[tuple[str, Documented]]:
    """Yields the module and its public classes, functions and methods, by name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield "module", tree
    yield from _members(tree, "")


def _members(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, Documented]]:
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_"):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from _members(child, f"{prefix}{child.name}.")


def strings(path: Path) -> Iterator[ast.Constant]:
    """Yields every docstring: of modules, classes, functions, and those that follow a constant."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the line number and the text of every comment."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def first_sentence(docstring: str) -> str:
    paragraph = docstring.strip().split("\n\n")[0]
    return re.split(r"(?<=[.?!])\s", " ".join(paragraph.split()))[0]


def problems(path: Path) -> Iterator[str]:
    """Yields what is wrong with a file's docstrings and comments, one line a finding."""
    for name, node in documented(path):
        docstring = ast.get_docstring(node)
        if docstring is None and not _is_overload(node):
            yield f"{name}: no docstring"
    lines = path.read_text(encoding="utf-8").splitlines()
    for constant in strings(path):
        if len(words := first_sentence(str(constant.value)).split()) > MAX_WORDS:
            yield f"line {constant.lineno}: the first sentence has {len(words)} words"
        for number in range(constant.lineno, (constant.end_lineno or constant.lineno) + 1):
            if len(lines[number - 1]) > MAX_COLUMNS:
                yield f"line {number}: {len(lines[number - 1])} columns"
        yield from (f"line {constant.lineno}: {phrase!r}" for phrase in banned_in(str(constant.value)))
    for number, text in comments(path):
        yield from (f"line {number}: {phrase!r}" for phrase in banned_in(text))


def banned_in(text: str) -> list[str]:
    """The banned phrases that a text contains, as whole words, across line ends."""
    plain = " ".join(text.lower().split())
    return [phrase for phrase in BANNED if re.search(rf"\b{re.escape(phrase)}\b", plain)]


def _is_overload(node: Documented) -> bool:
    return isinstance(node, ast.FunctionDef) and any(ast.unparse(d) == "overload" for d in node.decorator_list)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_docstrings_are_plain(path: Path) -> None:
    assert list(problems(path)) == []


def test_every_kind_of_fault_is_found(tmp_path: Path) -> None:
    quaint = "A face held\n    against another."
    code = f'''"""{"word " * 26}."""\n\ndef shown() -> None: ...  # mend it\n\nclass Box:\n    """{quaint}"""\n'''
    (tmp_path / "odd.py").write_text(code, encoding="utf-8")
    found = list(problems(tmp_path / "odd.py"))
    assert found == [
        "shown: no docstring",
        "line 1: the first sentence has 27 words",
        "line 1: 137 columns",
        "line 6: 'held against'",
        "line 3: 'mend'",
    ]
