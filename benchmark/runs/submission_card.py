"""Submission card: ``submission.toml``, which says of another tool's scores how they were made."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ffpms.checks import shown
from ffpms.errors import unreadable
from ffpms.regular_files import read_text

CARD = "submission.toml"
"""File of the card in the folder of a submission."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of methods, which become parts of folders and rows."""
OF_A_NAME = "a name of 1 to 64 letters, digits, dots and dashes"

CONFIGURATION, DATA = "configuration", "data"
"""Tables of the card: how the scores were made, and of which set they are."""

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


@dataclass(frozen=True)
class Key:
    """A key of the card: what it takes, in words, and whether a value is that."""

    takes: str
    fits: Callable[[Any], bool]
    needed: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _is_said(value: Any) -> bool:
    return _is_text(value) and bool(value.strip())


def _is_note(value: Any) -> bool:
    return isinstance(value, str) and _is_text(value.replace("\n", " ").replace("\t", " "))


def _is_link(value: Any) -> bool:
    return value == "" or (_is_text(value) and bool(re.fullmatch(r"https?://[^\s<>\"'\\]+", value)))


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _are(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) <= _MOST and all(map(fits, value))


def _is_one_of(names: Mapping[str, Any] | tuple[str, ...]) -> Key:
    return Key(" or ".join(f'"{name}"' for name in names), lambda v: isinstance(v, str) and v in names, needed=True)


_TEXT = Key("a text in one line", _is_text)
_TEXTS = Key("a list of texts", _are(_is_said))
_WHOLE_NUMBER = Key("a whole number from 0", _is_whole)

KEYS: dict[str, Key] = {
    "method": Key(OF_A_NAME, lambda value: isinstance(value, str) and bool(NAME.fullmatch(value)), needed=True),
    "title": Key("a text in one line, not empty", _is_said, needed=True),
    "authors": Key("a list of names, [] if none are stated", _are(_is_said), needed=True),
    "licence": Key('a text in one line, "" if none is stated', _is_text, needed=True),
    "date": Key("a date such as 2026-11-26, without quotes", _is_date, needed=True),
    "url": Key("an address that begins with http:// or https://", _is_link),
}
"""Keys of the card, its tables apart."""
OF_THE_CONFIGURATION: dict[str, Key] = {
    "training": _is_one_of(TRAINED_ON),
    "trained_on": Key("a text in one line, not empty", _is_said, needed=True),
    "chosen_on": _is_one_of(CHOSEN_ON),
    "chosen": _TEXT,
    "backbone": _TEXT,
    "weights": _TEXT,
    "train_mix": _TEXT,
    "frames": _WHOLE_NUMBER,
    "size": _WHOLE_NUMBER,
    "epochs": Key("a number from 0", _is_number),
    "seeds": Key("a list of whole numbers from 0", _are(_is_whole)),
    "trainings": _TEXTS,
    "settings": _TEXTS,
    "hardware": _TEXT,
    "hours": Key("a number from 0", _is_number),
    "code": _TEXT,
    "command": _TEXT,
    "notes": Key("a text", _is_note),
}
"""Keys of the table ``configuration``."""
OF_THE_DATA: dict[str, Key] = {
    "name": Key("a text in one line, not empty", _is_said, needed=True),
    "sha256": Key(
        "8 or more digits of the set's hash", lambda v: isinstance(v, str) and bool(re.fullmatch("[0-9a-f]{8,64}", v))
    ),
}
"""Keys of the table ``data``, which may be left out."""


@dataclass(frozen=True)
class Card:
    """A card that was checked; ``content`` is all of it, as TOML has it."""

    content: Mapping[str, Any]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Card":
        """Makes a card of what a run stored.

        Raises:
            ValueError: it is no card.
        """
        if problems := find_card_problems(content):
            raise ValueError(problems[0])
        return cls(content)

    @property
    def method(self) -> str:
        """The name of the method, which is the row's."""
        return str(self.content["method"])

    @property
    def title(self) -> str:
        """The title of paper or code."""
        return str(self.content["title"])

    @property
    def authors(self) -> str:
        """The authors' names, with commas between; '' if none are stated."""
        return ", ".join(self.content["authors"])

    @property
    def url(self) -> str:
        """The address of paper or code; '' if there is none."""
        return str(self.content.get("url", ""))

    @property
    def licence(self) -> str:
        """The licence of the scores."""
        return str(self.content["licence"]) or "not stated"

    @property
    def data(self) -> Mapping[str, str]:
        """The name of the set that was scored, and its hash; empty if the card does not say."""
        return dict(self.content.get(DATA, {}))

    @property
    def configuration(self) -> Mapping[str, Any]:
        """How the scores were made."""
        return dict(self.content[CONFIGURATION])

    @property
    def mark(self) -> str:
        """What a row's label says of the training; '' if it was on the set's train split alone."""
        return TRAINED_ON[self.configuration["training"]]

    @property
    def unstated(self) -> list[str]:
        """The keys that a reader looks for and that say nothing."""
        return [key for key in ("authors", "url", "licence") if not self.content.get(key)]

    def name_training(self, seed: int | None) -> str:
        """Names the training of a seed, which entries of other methods may share; '' if unknown."""
        own = self.configuration
        return str(dict(zip(own.get("seeds", ()), own.get("trainings", ()), strict=False)).get(seed, ""))


def read_card(path: Path) -> tuple[Card | None, list[str]]:
    """Reads a card, or says all that is wrong with it, one line a kind."""
    try:
        content = tomllib.loads(read_text(path))
    except FileNotFoundError:
        return None, [f"{path}: not found; docs/board.md shows what to write into it"]
    except IsADirectoryError as error:
        return None, [f"{path}: {error.strerror}; docs/board.md shows what to write into it"]
    except OSError as error:
        return None, [f"{path}: {unreadable(error)}"]
    except (ValueError, RecursionError) as error:
        return None, [f'{path}: no TOML ({error}); write lines such as title = "My tool"']
    problems = [f"{path}: {problem}" for problem in find_card_problems(content)]
    return (None if problems else Card(content)), problems


def find_card_problems(content: Mapping[str, Any]) -> list[str]:
    """Finds what is wrong with the content of a card, one line each."""
    tables = {CONFIGURATION: OF_THE_CONFIGURATION, DATA: OF_THE_DATA}
    own = {key: value for key, value in content.items() if key not in tables}
    problems = [*_check(own, KEYS)]
    for name, keys in tables.items():
        table = content.get(name, {})
        if not isinstance(table, dict):
            problems.append(f"{name}: {shown(table)} is no table; write [{name}] and its keys below")
        elif name in content or name == CONFIGURATION:
            problems += _check(table, keys, f"{name}.")
    return problems or [*_check_trainings(content[CONFIGURATION])]


def _check(table: Mapping[str, Any], keys: Mapping[str, Key], within: str = "") -> Iterator[str]:
    for name in sorted(table.keys() - keys.keys()):
        near = get_close_matches(name, keys, n=1)
        todo = f"did you mean {near[0]}?" if near else "leave it away, or write it into configuration.notes"
        yield f"{within}{shown(name)}: no key of a card; {todo}"
    for name, key in keys.items():
        if name in table and not key.fits(table[name]):
            yield f"{within}{name}: {shown(table[name])} does not fit; give {key.takes}"
        elif key.needed and name not in table:
            yield f"{within}{name}: missing; give {key.takes}"


def _check_trainings(configuration: Mapping[str, Any]) -> Iterator[str]:
    names, seeds = configuration.get("trainings"), configuration.get("seeds", [])
    if names is not None and len(names) != len(seeds):
        yield f"configuration.trainings: {len(names)} names of {len(seeds)} seeds; give one for each of seeds"
    if len(set(seeds)) < len(seeds):
        yield "configuration.seeds: one is there twice; keep one of them"
