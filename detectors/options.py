"""Options of a method: the keyword-only parameters of its factory, as a user types them."""

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from detectors.errors import DetectorError


def options_of(factory: Callable[..., Any]) -> dict[str, Any]:
    """The options and their defaults."""
    parameters = inspect.signature(factory).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def parse_options(name: str, factory: Callable[..., Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The values that were meant, by the factory's annotations: numbers, true or false, one of a Literal, or numbers
    with commas.

    Raises:
        DetectorError: there is no such option, or it does not take the value.
    """
    hints, known = get_type_hints(factory), options_of(factory)
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1) or list(known) or ["no options"]
            raise DetectorError(f"{name}: no option {key!r}; it has {', '.join(near)}")
    return {key: _parse(f"{name}.{key}", text, hints[key]) for key, text in given.items()}


def _parse(name: str, text: str, kind: Any) -> Any:
    try:
        if get_origin(kind) is Literal:
            return {str(choice): choice for choice in get_args(kind)}[text]
        if get_origin(kind) is tuple:
            return tuple(get_args(kind)[0](part) for part in text.split(","))
        return {"true": True, "false": False}[text] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise DetectorError(f"{name}: {text!r} is not {_wanted(kind)}") from None


def _wanted(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return "a list of numbers such as 1,2,3"
    return "true or false" if kind is bool else "a number"
