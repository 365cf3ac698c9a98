"""Pages of boards: what is refused, what makes a page anew, and that a failure loses nothing."""

import re
from pathlib import Path

import pytest

from benchmark.runs.submissions.card import CARD
from scripts import board_pages
from scripts.board_pages import RECORD, find_refusals, hash_board, make_pages

ROOT = Path(__file__).parents[3]


def add_entry(board: Path, name: str) -> Path:
    entry = board / name
    entry.mkdir(parents=True)
    (entry / CARD).touch()
    return entry


@pytest.mark.parametrize(
    "name", ["it's", "with space", "a';id>pwned;'b", "$(id)", "-flag", "two\nlines", "a%b", "ü", ".dot", "a" * 65]
)
def test_a_name_that_is_not_plain_is_refused_in_a_line(tmp_path: Path, name: str) -> None:
    add_entry(tmp_path / "board", name)
    add_entry(tmp_path / name, "entry")
    lines = [*find_refusals(tmp_path)]
    for folder in (tmp_path / "board" / name, tmp_path / name):
        said = str(folder) if "\n" not in name else repr(str(folder))
        (line,) = [line for line in lines if line.startswith(f"{said}: ")]
        assert re.search(r": no plain name; rename the folder to a name of 1 to 64 letters", line)
        assert line.isprintable()
    assert len(lines) == 2


def test_a_link_is_refused_wherever_it_is(tmp_path: Path) -> None:
    boards, other = tmp_path / "boards", tmp_path / "other"
    entry = add_entry(boards / "board", "a-tool")
    add_entry(other, "b-tool")
    (entry / "scores.csv").symlink_to("/etc/passwd")
    (boards / "board" / "b-tool").symlink_to(other / "b-tool")
    (boards / "board" / "gone").symlink_to(other / "nowhere")
    (boards / "linked").symlink_to(other)
    todo = "a link; put what it leads to in its place"
    places = ("board/a-tool/scores.csv", "board/b-tool", "board/gone", "linked")
    assert [*find_refusals(boards)] == [f"{boards / place}: {todo}" for place in places]


def test_a_folder_without_a_card_is_refused_and_clutter_is_none(tmp_path: Path) -> None:
    add_entry(tmp_path / "board", "a-tool")
    for name in (".ipynb_checkpoints", "recipe"):
        (tmp_path / "board" / name).mkdir()
    (tmp_path / "board" / "README.md").touch()
    assert [*find_refusals(tmp_path)] == []
    (tmp_path / "board" / "b-tool").mkdir()
    (line,) = find_refusals(tmp_path)
    assert line == f"{tmp_path}/board/b-tool: has no {CARD}; write one by docs/board.md, or remove the folder"


def test_boards_that_are_not_there_are_refused(tmp_path: Path) -> None:
    (line,) = find_refusals(tmp_path / "none")
    assert line == f"{tmp_path}/none: no folder; give BOARDS=DIR, with a folder for each board"


def test_the_committed_boards_pass() -> None:
    assert [*find_refusals(ROOT / "docs" / "board")] == []


def test_names_contents_and_code_make_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board, code = tmp_path / "board", tmp_path / "code"
    monkeypatch.setattr(board_pages, "CODE", [code])
    card = add_entry(board, "a-tool") / CARD
    add_entry(board, "b-tool")
    hashes = [hash_board(board)]
    (code / "__pycache__").mkdir(parents=True)
    (code / "__pycache__" / "page.pyc").touch()
    assert hash_board(board) == hashes[0]
    for change in (
        lambda: (code / "page.css").touch(),
        lambda: card.write_text("x", encoding="utf-8"),
        lambda: card.rename(card.with_name("other.toml")),
        lambda: (board / "b-tool" / CARD).unlink(),
    ):
        change()
        hashes.append(hash_board(board))
    assert len({*hashes}) == 5


def fail_at(command: str, fault: type[BaseException]) -> object:
    """Commands that write what they are asked for, up to one that fails half done."""

    def run(words: list[str], **_: object) -> None:
        name = words[words.index("--out") + 1]
        if words[0] == "evaluate":
            Path(name).mkdir()
            (Path(name) / "leaderboard.csv").write_text("new", encoding="utf-8")
        else:
            Path(name).write_text("new", encoding="utf-8")
        if words[0] == command:
            raise fault(2)

    return run


def read_all(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("fault", [SystemExit, OSError, KeyboardInterrupt])
@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_a_failure_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, fault: type[BaseException]
) -> None:
    boards, pages = tmp_path / "boards", tmp_path / "pages"
    add_entry(boards / "board", "a-tool")
    old = {"board.html": "old", "board/leaderboard.csv": "old", f"board/{RECORD}": "old"}
    (pages / "board").mkdir(parents=True)
    for name, text in old.items():
        (pages / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(board_pages, "main", fail_at(command, fault))
    if fault is SystemExit:
        assert make_pages(boards, pages) == 2
    else:
        with pytest.raises(fault):
            make_pages(boards, pages)
    assert read_all(pages) == old
    monkeypatch.setattr(board_pages, "main", fail_at("", fault))
    assert make_pages(boards, pages) == 0
    made = read_all(pages)
    assert made.pop(f"board/{RECORD}") == hash_board(boards / "board")
    assert made == {"board.html": "new", "board/leaderboard.csv": "new"}


def test_a_board_that_fails_keeps_no_other_from_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    boards, pages, write = tmp_path / "boards", tmp_path / "pages", fail_at("", OSError)

    def run(words: list[str], **own: object) -> None:
        if "a-board" in words:
            raise SystemExit(2)
        write(words, **own)

    for name in ("a-board", "b-board"):
        add_entry(boards / name, "a-tool")
    monkeypatch.setattr(board_pages, "main", run)
    assert make_pages(boards, pages) == 2
    assert [path.name for path in sorted(pages.iterdir())] == ["b-board", "b-board.html"]
    assert "Here" not in capsys.readouterr().out
