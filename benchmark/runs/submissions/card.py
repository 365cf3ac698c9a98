"""Submission card: ``submission.toml``, which says of another tool's scores how they were made."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from benchmark.runs.submissions.card_keys import KEYS, OF_THE_CONFIGURATION, OF_THE_DATA, TRAINED_ON, Key
from ffpms.checks import shown
from ffpms.errors import unreadable
from ffpms.regular_files import explain_toml, read_toml

CARD = "submission.toml"
"""File of the card in the folder of a submission."""
_A_LINE = 'title = "My tool"'
CONFIGURATION, DATA = "configuration", "data"
"""Tables of the card: how the scores were made, and of which set they are."""


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
        """The name of the set that was scored, and its hash in small letters.

        Empty if the card does not say.
        """
        own: Mapping[str, str] = self.content.get(DATA, {})
        return {key: value.lower() if key == "sha256" else value for key, value in own.items()}

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
        content = read_toml(path)
    except FileNotFoundError:
        return None, [f"{path}: not found; docs/board.md shows what to write into it"]
    except IsADirectoryError as error:
        return None, [f"{path}: {error.strerror}; docs/board.md shows what to write into it"]
    except OSError as error:
        return None, [f"{path}: {unreadable(error)}"]
    except (ValueError, RecursionError) as error:
        return None, [f"{path}: {explain_toml(error, _A_LINE)}"]
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
        plain = re.fullmatch("[A-Za-z0-9_-]{1,60}", name)
        yield f"{within + name if plain else shown(within + name)}: no key of a card; {todo}"
    for name, key in keys.items():
        if name in table and (problem := key.find_problem(table[name])):
            yield f"{within}{name}: {problem}"
        elif key.needed and name not in table:
            yield f"{within}{name}: missing; give {key.takes}"


def _check_trainings(configuration: Mapping[str, Any]) -> Iterator[str]:
    names, seeds = configuration.get("trainings"), configuration.get("seeds", [])
    if names is not None and len(names) != len(seeds):
        yield f"configuration.trainings: {len(names)} names of {len(seeds)} seeds; give one for each of seeds"
    if len(set(seeds)) < len(seeds):
        yield "configuration.seeds: one is there twice; keep one of them"
