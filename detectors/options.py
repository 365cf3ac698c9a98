"""Options of a method: the keyword-only parameters of its factory, as a user types them."""

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin

from detectors.errors import DetectorError

_KINDS = (int, float, bool, str)


def options_of(factory: Callable[..., Any]) -> dict[str, Any]:
    """Returns the options of a factory and their defaults."""
    return {option.name: option.default for option in _options(factory)}


def _options(factory: Callable[..., Any]) -> list[inspect.Parameter]:
    parameters = inspect.signature(factory, eval_str=True).parameters.values()
    return [p for p in parameters if p.kind is p.KEYWORD_ONLY]


def check_factory(name: str, factory: Callable[..., Any]) -> None:
    """Checks that a factory takes a backbone and options that a user can type.

    Raises:
        DetectorError: it does not; says what to write instead.
    """
    if not (inspect.isfunction(factory) or inspect.isclass(factory)):
        raise DetectorError(f"{name}: register a function or a class, not a {type(factory).__name__}")
    try:
        options, everything = _options(factory), inspect.signature(factory).parameters.values()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise DetectorError(f"{name}: the annotations of {factory.__name__} cannot be read ({reason})") from error
    others = [p for p in everything if p.kind is not p.KEYWORD_ONLY]
    if len(others) != 1 or others[0].kind not in (inspect.Parameter.POSITIONAL_ONLY, others[0].POSITIONAL_OR_KEYWORD):
        raise DetectorError(
            f"{name}: {factory.__name__}{inspect.signature(factory)} must take the backbone, then options by keyword "
            f"alone, such as {factory.__name__}(backbone, *, filters: int = 512)"
        )
    for option in options:
        _check_option(name, option)


def _check_option(name: str, option: inspect.Parameter) -> None:
    kind, inner = option.annotation, get_args(option.annotation)
    known = kind in _KINDS or get_origin(kind) is Literal or (get_origin(kind) is tuple and inner[0] in _KINDS)
    if not known or option.default is option.empty:
        what = "has no default" if known else "is annotated with nothing that can be typed"
        raise DetectorError(
            f"{name}: option {option.name} {what}; write int, float, bool, str, Literal[...] or tuple[int, ...] and a "
            f"default, such as {option.name}: int = 512"
        )


def parse_options(name: str, factory: Callable[..., Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Parses options by the factory's annotations.

    They are numbers, true or false, one of a Literal, or numbers with commas.

    Raises:
        DetectorError: there is no such option, or it does not take the value.
    """
    known = {option.name: option.annotation for option in _options(factory)}
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1) or list(known) or ["no options"]
            raise DetectorError(f"{name}: no option {key!r}; it has {', '.join(near)}")
    return {key: _parse(f"{name}.{key}", text, known[key]) for key, text in given.items()}


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
