"""Registry: finds the corpora of the folder ``corpora``, and says whose tree a folder is."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import ffpms.sources.corpora
from ffpms.checks import check_choice
from ffpms.errors import ConfigError
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpora.minicorpus import CORPUS as RENDERED
from ffpms.sources.corpus import Corpus
from ffpms.sources.nearby import near_tree

_FIRST = ("ffpp",)
TABLE = "table"
"""Name of the corpus whose videos a table lists, and no tree."""


@cache
def corpora() -> dict[str, Corpus]:
    """Returns every corpus by name, FaceForensics++ first."""
    names = [module.name for module in iter_modules(ffpms.sources.corpora.__path__)]
    modules = [import_module(f"ffpms.sources.corpora.{name}") for name in (*_FIRST, *sorted({*names} - {*_FIRST}))]
    return {corpus.name: corpus for module in modules if (corpus := getattr(module, "CORPUS", None))}


def find_corpus(name: str) -> Corpus:
    """Returns the corpus of a name.

    Raises:
        ConfigError: there is none; lists those that there are.
    """
    check_choice("corpus", name, corpora())
    return corpora()[name]


def recognise(root: Path) -> Corpus:
    """Returns the corpus whose tree a folder is.

    Raises:
        ConfigError: it is none's, or it could be that of several; lists their names.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: no folder; give the one that holds the corpus")
    fitting = _fitting(root)
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(corpus.name for corpus in fitting or corpora().values() if corpus.name != TABLE)
    if fitting:
        raise ConfigError(f"{root}: could be a tree of several corpora; give --corpus with one of {names}")
    todo = near_tree(root, lambda folder: bool(_fitting(folder)))
    raise ConfigError(f"{root}: no known tree; {todo or f'give --corpus with one of {names}, or --table FILE'}")


def _fitting(root: Path) -> list[Corpus]:
    return [corpus for corpus in corpora().values() if corpus.is_tree(root)]


def choose_corpus(root: Path | None, name: str | None, table: Path | None) -> Corpus:
    """Returns the corpus that is named, or else the one of a table, or whose tree a folder is.

    A rendered tree has FaceForensics++'s layout, so that name is good for it too.

    Raises:
        ConfigError: there is no such corpus, or nothing tells which is meant.
    """
    corpus = find_corpus(name or TABLE) if name or table else None
    if corpus and (corpus.name == TABLE) != (table is not None):
        raise ConfigError(f"corpus: {corpus.name} {'needs' if table is None else 'takes no'} --table FILE")
    if corpus is FFPP and root and RENDERED.is_tree(root):  # --ff-root takes its tree, but not its name
        return RENDERED
    if root is None and table is None:
        raise ConfigError("nothing to build from; give --ff-root DIR, --root DIR or --table FILE")
    return corpus or recognise(Path(root or ""))


def in_order(manipulations: Iterable[str]) -> list[str]:
    """Sorts manipulations into the order of every table: corpus by corpus, unknown ones last."""
    asked = set(manipulations)
    known = dict.fromkeys(code for corpus in corpora().values() for code in corpus.manipulations)
    return [*(code for code in known if code in asked), *sorted(asked - known.keys())]
