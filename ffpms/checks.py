"""Checks of settings and arguments: a wrong one is one line that names it."""

from collections.abc import Collection, Iterable
from numbers import Integral, Real
from typing import Any

from ffpms.errors import ConfigError


def whole(name: str, value: Any, low: int | None = None) -> int:
    """Returns a whole number, which is at least ``low`` if that is given.

    Raises:
        ConfigError: it is no whole number, or it is too low.

    Example:
        >>> whole("workers", 4, low=1)
        4
    """
    if _is(value, Integral) and (low is None or value >= low):
        return int(value)
    raise ConfigError(f"{name}: {shown(value)} is not a whole number{'' if low is None else f' from {low} up'}")


def number(name: str, value: Any) -> float:
    """Returns a number as a float.

    Raises:
        ConfigError: it is no number.
    """
    if _is(value, Real):
        return float(value)
    raise ConfigError(f"{name}: {shown(value)} is not a number")


def _is(value: object, kind: type) -> bool:
    """Whether a value is of a kind of number, of Python or of numpy; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Returns a collection of texts as a tuple; a single text is taken as one.

    Raises:
        ConfigError: it is something else.

    Example:
        >>> texts("splits", "test"), texts("splits", ["train", "test"])
        (('test',), ('train', 'test'))
    """
    found = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    if wrong := [item for item in found if not isinstance(item, str)]:
        raise ConfigError(f"{name}: {shown(wrong[0])} is no text")
    return tuple(str(item) for item in found)


def check_choice(name: str, value: Any, known: Collection[str]) -> None:
    """Checks that a text is a known one.

    Raises:
        ConfigError: it is not; lists those that are.
    """
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{name}: {shown(value)} is unknown; choose {' or '.join(known)}")


def check_type(name: str, value: Any, kind: type) -> None:
    """Checks that a value is of a type.

    Raises:
        ConfigError: it is not.
    """
    if not isinstance(value, kind):
        raise ConfigError(f"{name}: {shown(value)} is of type {type(value).__name__}; give a {kind.__name__}")


def settle(settings: object, **values: object) -> None:
    """Puts checked values into the fields of a frozen dataclass, while it is made."""
    for name, value in values.items():
        object.__setattr__(settings, name, value)


def shown(value: object) -> str:
    """Returns a value as a short text on one line.

    Example:
        >>> shown("two\\nlines"), shown(["a"])
        ("'two\\\\nlines'", "['a']")
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def printable(text: str) -> str:
    r"""Spells out control characters and broken bytes: the name of a file may hold anything.

    Example:
        >>> printable("a\nb")
        'a\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
