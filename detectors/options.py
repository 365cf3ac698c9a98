"""Options of a method: the keyword-only parameters of its factory, as a user types them."""

import difflib
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from detectors.errors import DetectorError
from detectors.limits import Idle, Limit, OfFaces

_KINDS = (int, float, bool, str)
_Mark = TypeVar("_Mark")


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
        _check_option(name, option, [option.name for option in options])


def _check_option(name: str, option: inspect.Parameter, names: Collection[str]) -> None:
    kind, _ = _split(option.annotation)
    inner = get_args(kind)
    known = kind in _KINDS or get_origin(kind) is Literal or (get_origin(kind) is tuple and inner[0] in _KINDS)
    if not known or option.default is option.empty:
        what = "has no default" if known else "is annotated with nothing that can be typed"
        raise DetectorError(
            f"{name}: option {option.name} {what}; write int, float, bool, str, Literal[...] or tuple[int, ...] and a "
            f"default, such as {option.name}: int = 512"
        )
    for mark in _split(option.annotation)[1]:
        if isinstance(mark, Idle) and mark.beside not in names:
            raise DetectorError(f"{name}: option {option.name} is idle beside {mark.beside}, which is no option of it")


def parse_options(name: str, factory: Callable[..., Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Parses options by the factory's annotations, and checks their limits.

    They are numbers, true or false, one of a Literal, or numbers with commas.

    Raises:
        DetectorError: there is no such option, or it does not take the value.
    """
    known = {option.name: option.annotation for option in _options(factory)}
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1) or list(known) or ["no options"]
            raise DetectorError(f"{name}: no option {key!r}; it has {', '.join(near)}")
    return {key: _parse(f"{name}: {key}", text, known[key]) for key, text in given.items()}


def check_used(name: str, factory: Callable[..., Any], given: Mapping[str, str]) -> None:
    """Checks that each given option has an effect beside the values of all others.

    Raises:
        DetectorError: one has none; says which to leave away.
    """
    chosen = options_of(factory) | parse_options(name, factory, given)
    for key, mark in _marks(factory, given, Idle):
        if mark.when(chosen[mark.beside]):
            raise DetectorError(
                f"{name}: {key} = {format_value(chosen[key])} has no effect beside {mark.beside} = "
                f"{format_value(chosen[mark.beside])}; leave {name}.{key} away, or change {name}.{mark.beside}"
            )


def faces_asked(name: str, factory: Callable[..., Any], given: Mapping[str, str]) -> dict[str, int]:
    """Returns how many faces of a bag each given option asks for, of those that ask for any."""
    chosen = parse_options(name, factory, given)
    return {key: mark.times * _largest(chosen[key]) for key, mark in _marks(factory, given, OfFaces)}


def format_value(value: object) -> str:
    """Formats a parsed value as it is typed, the same however it was typed.

    Example:
        >>> format_value(0.70), format_value(1.0), format_value((1, 2)), format_value(True)
        ('0.7', '1', '1,2', 'true')
    """
    if isinstance(value, tuple):
        return ",".join(map(format_value, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _marks(factory: Callable[..., Any], given: Collection[str], kind: type[_Mark]) -> Iterator[tuple[str, _Mark]]:
    """Yields the marks of one kind of the options that are given."""
    for option in _options(factory):
        for mark in _split(option.annotation)[1]:
            if option.name in given and isinstance(mark, kind):
                yield option.name, mark


def _split(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Splits an annotation into what is typed and its marks."""
    if get_origin(annotation) is Annotated:
        kind, *marks = get_args(annotation)
        return kind, tuple(marks)
    return annotation, ()


def _largest(value: Any) -> int:
    return int(max(value) if isinstance(value, tuple) else value)


def _parse(name: str, text: str, annotation: Any) -> Any:
    """Parses the text of one option, whose method and name ``name`` tells."""
    kind, marks = _split(annotation)
    limit = next((mark for mark in marks if isinstance(mark, Limit)), None)
    try:
        value = _read(text, kind)
    except (KeyError, ValueError):
        wrong, wanted = _wanted(kind)
        raise DetectorError(f"{name} = {_shown(text)} {wrong}; take {limit.words if limit else wanted}") from None
    if limit and not all(map(limit.holds, value if isinstance(value, tuple) else (value,))):
        raise DetectorError(f"{name} = {_shown(text)} makes no sense; take {limit.words}")
    return value


def _read(text: str, kind: Any) -> Any:
    """Returns the value that a text stands for; raises KeyError or ValueError if none."""
    if get_origin(kind) is Literal:
        return {str(choice): choice for choice in get_args(kind)}[text]
    if get_origin(kind) is tuple:
        return tuple(_read(part, get_args(kind)[0]) for part in text.split(","))
    return {"true": True, "false": False}[text] if kind is bool else kind(text)


def _wanted(kind: Any) -> tuple[str, str]:
    """Returns what a text is not, and what to take in its place."""
    if get_origin(kind) is Literal:
        return "is not known", " or ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return f"is no list of {'whole ' if get_args(kind)[0] is int else ''}numbers", "numbers such as 1,2,3"
    if kind is bool:
        return "is neither true nor false", "one of them"
    return ("is no whole number", "one such as 4") if kind is int else ("is no number", "one such as 0.5")


def _shown(text: str) -> str:
    """Returns what was typed, in quotes where it would not be seen."""
    return text if text.isprintable() and text == text.strip() != "" else repr(text)
