"""Keys of a submission's card: what each takes, and what is wrong with a value."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from ffpms.checks import shown

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of methods, which become parts of folders and rows."""
OF_A_NAME = (
    "a name of 1 to 64 letters (a to z, A to Z), digits, dots, dashes and underscores"
    " that begins with a letter or digit"
)

TRAINED_ON = {
    "train split": "",
    "train split and other data": "trained on more data",
    "other data": "trained on other data",
}
"""What ``configuration.training`` may be, with the mark that a row's label then has."""
CHOSEN_ON = ("val", "other data", "none")
"""What ``configuration.chosen_on`` may be. Nothing may be chosen on test bags."""

_LONGEST, _MOST = 2000, 100
"""Letters of a text, and entries of a list, that a card may have."""
_HIGHEST = 2**31 - 1
_OLDEST = 2014
"""Year from which submissions may be; the deep forgeries of videos are younger."""
_MISFIT = "does not fit"


@dataclass(frozen=True)
class Key:
    """A key of the card: what it takes, in words, and how to find what is wrong with a value.

    ``find`` returns '' if nothing is, and _MISFIT if ``takes`` says what is.
    """

    takes: str
    find: Callable[[Any], str]
    needed: bool = False

    def find_problem(self, value: Any) -> str:
        """Says what is wrong with a value and what to give; '' if it fits."""
        wrong = self.find(value)
        return f"{_show(value)} does not fit; give {self.takes}" if wrong == _MISFIT else wrong


def _show(value: Any) -> str:
    return str(value) if isinstance(value, date) else shown(value)


def _check(fits: Callable[[Any], bool]) -> Callable[[Any], str]:
    return lambda value: "" if fits(value) else _MISFIT


def _find_in_text(value: Any) -> str:
    if not isinstance(value, str):
        return _MISFIT
    if len(value) > _LONGEST:
        return f"has {len(value)} letters; give at most {_LONGEST}"
    odd = next((letter for letter in value if not letter.isprintable()), "")
    if odd == "\n":
        return "has a line break; write it in one line"
    return f"has the letter {_name_letter(odd)}, which cannot be shown; leave it away" if odd else ""


def _name_letter(letter: str) -> str:
    """Names a letter by its number in Unicode, and by its name there if it has one."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".rstrip()


def _find_in_said(value: Any) -> str:
    return _find_in_text(value) or ("" if value.strip() else _MISFIT)


def _find_in_note(value: Any) -> str:
    return _find_in_text(re.sub(r"[\n\t]", " ", value) if isinstance(value, str) else value)


def _find_in_link(value: Any) -> str:
    if wrong := _find_in_text(value):
        return wrong
    if value and not re.match(r"https?://.", value):
        return _MISFIT
    odd = re.search(r"[\s<>\"'\\]", value)
    what = "which an address may not have"
    return f"has {odd[0]!r}, {what}; write {quote(odd[0])} in its place, or give another address" if odd else ""


def _find_in_date(value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        return _MISFIT
    return "" if value.year >= _OLDEST else f"{value} is too long ago; give the date of the submission"


def _find_in_list(find: Callable[[Any], str]) -> Callable[[Any], str]:
    def find_in(value: Any) -> str:
        if not isinstance(value, list):
            return _MISFIT
        if len(value) > _MOST:
            return f"has {len(value)} entries; give at most {_MOST}"
        wrong = next(((n, said) for n, said in enumerate(map(find, value), 1) if said), None)
        return "" if wrong is None else _MISFIT if wrong[1] == _MISFIT else f"entry {wrong[0]} {wrong[1]}"

    return find_in


def _number(kind: Any, low: int, high: int) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return isinstance(value, kind) and not isinstance(value, bool) and bool(low <= value <= high)

    return fits


def _is_one_of(names: Mapping[str, Any] | tuple[str, ...]) -> Key:
    fits = _check(lambda value: isinstance(value, str) and value in names)
    return Key(" or ".join(f'"{name}"' for name in names), fits, needed=True)


_ONE_LINE = "a text in one line"
_TEXT = Key(_ONE_LINE, _find_in_text)
_SAID = Key(f"{_ONE_LINE}, not empty", _find_in_said, needed=True)
_TEXTS = Key("a list of texts, none of them empty", _find_in_list(_find_in_said))
_COUNT = Key(f"a whole number from 1 to {_HIGHEST}", _check(_number(int, 1, _HIGHEST)))
_NUMBER = Key("a number from 0 to 1000000000", _check(_number((int, float), 0, 10**9)))
_SEEDS = _find_in_list(_check(_number(int, 0, _HIGHEST)))

KEYS: dict[str, Key] = {
    "method": Key(OF_A_NAME, _check(lambda value: isinstance(value, str) and bool(NAME.fullmatch(value))), needed=True),
    "title": _SAID,
    "authors": Key("a list of names, [] if none are stated", _find_in_list(_find_in_said), needed=True),
    "licence": Key(f'{_ONE_LINE}, "" if none is stated', _find_in_text, needed=True),
    "date": Key("a date such as 2026-11-26, without quotes and without a time", _find_in_date, needed=True),
    "url": Key("an address that begins with http:// or https://, such as https://example.org/my-tool", _find_in_link),
}
"""Keys of the card, its tables apart."""
OF_THE_CONFIGURATION: dict[str, Key] = {
    "training": _is_one_of(TRAINED_ON),
    "trained_on": _SAID,
    "chosen_on": _is_one_of(CHOSEN_ON),
    "chosen": _TEXT,
    "backbone": _TEXT,
    "weights": _TEXT,
    "train_mix": _TEXT,
    "frames": _COUNT,
    "size": _COUNT,
    "epochs": _NUMBER,
    "seeds": Key(f"a list of whole numbers from 0 to {_HIGHEST}", _SEEDS),
    "trainings": _TEXTS,
    "settings": _TEXTS,
    "hardware": _TEXT,
    "hours": _NUMBER,
    "code": _TEXT,
    "command": _TEXT,
    "notes": Key("a text", _find_in_note),
}
"""Keys of the table ``configuration``."""
OF_THE_DATA: dict[str, Key] = {
    "name": _SAID,
    "sha256": Key(
        "8 or more of the 64 digits (0 to 9, a to f) of the set's hash",
        _check(lambda value: isinstance(value, str) and bool(re.fullmatch("[0-9a-fA-F]{8,64}", value))),
    ),
}
"""Keys of the table ``data``, which may be left out."""
