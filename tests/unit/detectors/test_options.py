"""Options of every method: what makes no sense is refused in one line before a detector is made."""

import inspect
import re
from typing import Annotated, Any, get_args

import pytest

from detectors import create, method, names
from detectors.backbones import TINY, Backbone
from detectors.errors import DetectorError
from detectors.limits import Idle, Limit
from detectors.options import options_of, parse_options
from detectors.registry import register

DEFAULTS = [(name, key, value) for name in names() for key, value in options_of(method(name).factory).items()]
WHOLE = [(name, key) for name, key, value in DEFAULTS if type(value) is int or isinstance(value, tuple)]
"""Every whole-number option of every method. Each is a size or a count, so that 0 has no meaning."""
RANGES = {
    ("top-k", "share"): ("0 to 1", ["0", "1"], ["-0.1", "1.1"]),
    ("lse", "r"): ("a number above 0", ["0.1", "100"], ["0", "-5", "inf"]),
    ("clam", "bag_weight"): ("a number above 0 and up to 1", ["0.1", "1"], ["0", "-1", "1.1"]),
    ("gend", "alignment"): ("0 or more", ["0", "7"], ["-0.1", "inf"]),
    ("gend", "uniformity"): ("0 or more", ["0", "7"], ["-0.1", "inf"]),
    ("i3d", "dropout"): ("0 or more, below 1", ["0", "0.9"], ["-0.1", "1", "2"]),
    ("sm-abmil", "alpha"): ("a number between 0 and 1", ["0.1", "0.9"], ["0", "1", "-1"]),
    ("x-ray", "boundary_weight"): ("0 or more", ["0", "100"], ["-1", "inf"]),
}


def refusal(name: str, key: str, text: str) -> str:
    with pytest.raises(DetectorError) as refused:
        create(name, TINY, options={key: text})
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(("name", "key"), WHOLE)
def test_a_size_is_1_or_more(name: str, key: str) -> None:
    for text in ("0", "-3"):
        assert refusal(name, key, text) == f"{name}: {key} = {text} makes no sense; take 1 or more"
    for text in ("3.5", "nan", "many"):
        said = rf"{name}: {key} = {text} is no (whole number|list of whole numbers); take 1 or more"
        assert re.fullmatch(said, refusal(name, key, text))
    assert parse_options(name, method(name).factory, {key: "1"})[key] in (1, (1,))


def test_each_number_of_a_list_is_checked() -> None:
    assert refusal("s-mil-t", "kernels", "1,0") == "s-mil-t: kernels = 1,0 makes no sense; take 1 or more"
    assert refusal("s-mil-t", "kernels", "").startswith("s-mil-t: kernels = '' is no list of whole numbers; take ")


@pytest.mark.parametrize(("name", "key"), [(n, k) for n, k, value in DEFAULTS if type(value) is float])
def test_a_number_lies_in_its_range(name: str, key: str) -> None:
    words, good, bad = RANGES[name, key]
    for text in good:
        assert parse_options(name, method(name).factory, {key: text})[key] == float(text)
    for text in (*bad, "nan"):
        assert refusal(name, key, text) == f"{name}: {key} = {text} makes no sense; take {words}"
    assert refusal(name, key, "some") == f"{name}: {key} = some is no number; take {words}"


@pytest.mark.parametrize(("name", "key"), [(n, k) for n, k, value in DEFAULTS if isinstance(value, bool)])
def test_a_switch_is_true_or_false(name: str, key: str) -> None:
    assert refusal(name, key, "1") == f"{name}: {key} = 1 is neither true nor false; take one of them"


@pytest.mark.parametrize("name", names())
def test_every_number_has_a_limit(name: str) -> None:
    parameters = inspect.signature(method(name).factory, eval_str=True).parameters.values()
    numbers = [p for p in parameters if p.kind is p.KEYWORD_ONLY and not isinstance(p.default, bool | str)]
    assert all(any(isinstance(mark, Limit) for mark in get_args(p.annotation)) for p in numbers)


def test_an_option_idle_beside_none_of_its_method_is_refused() -> None:
    def factory(backbone: Backbone, *, depth: Annotated[int, Idle("nothing", bool)] = 1) -> Any: ...

    with pytest.raises(DetectorError, match="odd: option depth is idle beside nothing, which is no option of it"):
        register("odd", source="")(factory)
