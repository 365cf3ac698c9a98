"""Detectors by name, as the paper calls them."""

import difflib
from collections.abc import Callable

from detectors.backbones import Backbone
from detectors.detector import BagDetector
from detectors.errors import DetectorError

Factory = Callable[[Backbone], BagDetector]
_FACTORIES: dict[str, Factory] = {}
_TRAINED_AS: dict[str, str] = {}


def register(name: str, trained_as: str = "") -> Callable[[Factory], Factory]:
    """Decorator: makes a factory known under a name. ``trained_as`` names a method of the same weights: this one is
    then never trained, only scored with that one's.

    Raises:
        DetectorError: the name is taken.
    """

    def add(factory: Factory) -> Factory:
        if name in _FACTORIES:
            raise DetectorError(f"{name}: registered twice, by {_FACTORIES[name].__module__} and {factory.__module__}")
        _FACTORIES[name] = factory
        _TRAINED_AS[name] = trained_as or name
        return factory

    return add


def module_of(name: str) -> str:
    """The module that defines a method."""
    return _FACTORIES[resolve(name)].__module__


def trained_as(name: str) -> str:
    """The method whose training gives this one its weights: itself, or the one whose frame model it shares."""
    return _TRAINED_AS[resolve(name)]


def names() -> list[str]:
    """All registered names, in the order of registration."""
    return list(_FACTORIES)


def resolve(name: str) -> str:
    """The registered name for what a user typed: any case, ``_`` for ``-``, without its first dash (``smil``).

    Raises:
        DetectorError: there is no such detector; lists the near ones.
    """
    aliases = {alias: n for n in _FACTORIES for alias in (n, n.replace("-", "", 1), n.replace("-", ""))}
    typed = name.strip().lower().replace("_", "-")
    if typed in aliases:
        return aliases[typed]
    near = sorted({aliases[a] for a in difflib.get_close_matches(typed, aliases, n=3)}) or names()
    raise DetectorError(f"{name!r}: no such method; did you mean {', '.join(near)}?")


def create(name: str, backbone: Backbone) -> BagDetector:
    """A new detector on the backbone.

    Raises:
        DetectorError: there is no such detector.
    """
    return _FACTORIES[resolve(name)](backbone)
