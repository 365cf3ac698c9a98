"""Makes a page of each board from the entries that lie there: ``make board``.

Usage: python -m scripts.board_pages BOARDS PAGES

A page is made anew if a file of its board or of ffpms changed, came or went. It and its runs take
their places when they are whole, so what cannot be made leaves the old ones. No shell sees a name.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmark.runs.submissions.card import CARD
from benchmark.runs.submissions.card_keys import NAME, OF_A_NAME
from ffpms.cli import main
from ffpms.clutter import is_clutter
from ffpms.errors import remedy
from ffpms.hashing import digest, file_digest
from ffpms.regular_files import read_text

ROOT = Path(__file__).parents[1]
CODE = [ROOT / name for name in ("benchmark", "data_manifests", "detectors", "ffpms", "scripts")]
"""What makes a page, so that another ffpms makes it anew."""
RECIPE = "recipe"
"""Folder of a board that is no entry."""
RECORD = "board.sha256"
"""File beside the runs of a board: the hash of what they and the page were made of."""
_FAILED = 2
"""Exit code of a command that said why in a line."""


def find_refusals(root: Path) -> Iterator[str]:
    """Finds what no page is made of, one line each; then nothing is made."""
    if not root.is_dir():
        yield f"{_spell(root)}: no folder; give BOARDS=DIR, with a folder for each board"
        return
    for link in sorted(path for path in root.rglob("*") if path.is_symlink()):
        yield f"{_spell(link)}: a link; put what it leads to in its place"
    for board in _list_folders(root):
        yield from _check_name(board)
        for entry in list_entries(board):
            yield from _check_name(entry)
            if not (entry / CARD).exists():
                yield f"{_spell(entry)}: has no {CARD}; write one by docs/board.md, or remove the folder"


def _check_name(folder: Path) -> Iterator[str]:
    if not NAME.fullmatch(folder.name):
        yield f"{_spell(folder)}: no plain name; rename the folder to {OF_A_NAME}"


def _spell(path: Path) -> str:
    """Spells a path on one line, whatever is in its name."""
    return str(path) if str(path).isprintable() else repr(str(path))


def _list_folders(root: Path) -> list[Path]:
    """Lists the folders in a folder, without links to some."""
    own = (path for path in sorted(root.iterdir()) if not is_clutter(path.name))
    return [path for path in own if path.is_dir() and not path.is_symlink()]


def list_entries(board: Path) -> list[Path]:
    """Lists the folders of a board's entries."""
    return [folder for folder in _list_folders(board) if folder.name != RECIPE]


def make_pages(root: Path, pages: Path) -> int:
    """Makes the pages that are not what their boards are now, and returns the exit code."""
    if refusals := [*find_refusals(root)]:
        for line in refusals:
            print(f"Error: {line}", file=sys.stderr)
        return _FAILED
    boards = [board for board in _list_folders(root) if list_entries(board)]
    _withdraw(pages, {board.name for board in boards})
    made = [_is_current(board, pages) or _make_page(board, pages) for board in boards]
    if all(made):
        here = " ".join(str(_name_page(pages, board.name)) for board in boards)
        print(f"Here: {here or f'no page; {root} has no submission'}")
    return 0 if all(made) else _FAILED


def _name_page(pages: Path, board: str) -> Path:
    return pages / f"{board}.html"


def _withdraw(pages: Path, kept: Iterable[str]) -> None:
    """Removes the pages and runs of boards that have no entry any more."""
    for record in sorted(pages.glob(f"*/{RECORD}")):
        if record.parent.name not in kept:
            page = _name_page(pages, record.parent.name)
            page.unlink(missing_ok=True)
            shutil.rmtree(record.parent)
            print(f"{page}: removed, as its board has no entry any more", file=sys.stderr)


def _is_current(board: Path, pages: Path) -> bool:
    """Whether a page was made of what its board is now, by this ffpms."""
    record = pages / board.name / RECORD
    return _name_page(pages, board.name).is_file() and record.is_file() and read_text(record) == hash_board(board)


def hash_board(board: Path) -> str:
    """Returns the hash of what a page is made of: names and contents of files, of board and code."""
    return digest("".join(line for folder in (board, *CODE) for line in _hash_files(folder)).encode())


def _hash_files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{path.relative_to(folder).as_posix()!r} {file_digest(path)}\n"


def _make_page(board: Path, pages: Path) -> bool:
    """Makes runs and page of a board beside the old ones, then swaps them in; False if it failed."""
    pages.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=pages, prefix=".") as folder:
        new, old = Path(folder, "new"), Path(folder, "old")
        new.mkdir()
        old.mkdir()
        made_of = hash_board(board)
        if not _run_commands(board.absolute(), new):
            return False
        (new / board.name / RECORD).write_text(made_of, encoding="utf-8")
        for own in (_name_page(new, board.name), new / board.name):  # the record comes last
            _swap(own, pages / own.name, old)
    return True


def _swap(new: Path, place: Path, old: Path) -> None:
    if place.exists():
        place.rename(old / place.name)
    new.rename(place)


def _run_commands(board: Path, place: Path) -> bool:
    """Runs ``ffpms evaluate`` and ``ffpms report`` in a folder; prints their notes, not their tables.

    They run in that folder because the page says by which command it was made.
    """
    data = ["--data", str(board / RECIPE)] if (board / RECIPE).exists() else []
    entries = [word for entry in list_entries(board) for word in ("--submission", str(entry))]
    page = str(_name_page(Path(), board.name))
    with chdir(place), redirect_stdout(StringIO()):
        return _run("evaluate", "--out", board.name, *data, *entries) and _run(
            "report", board.name, "--quiet", "--no-faces", "--no-pictures", "--out", page
        )


def _run(*words: str) -> bool:
    """Runs a command of ffpms; False if it said what is wrong."""
    try:
        main(list(words), prog_name="ffpms", standalone_mode=False)
    except SystemExit as end:
        if end.code != _FAILED:
            raise
        return False
    return True


if __name__ == "__main__":
    try:
        sys.exit(make_pages(Path(sys.argv[1]), Path(sys.argv[2])))
    except OSError as error:
        todo = remedy(error, "let this user read and write it")
        sys.exit(f"Error: {error.filename}: {error.strerror or error}; {todo}")
