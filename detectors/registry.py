"""Registry: finds detectors by name, as their papers call them; ours and those of plugins."""

import difflib
import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, get_args

from detectors.backbones import TINY, Stem, Weights, create_backbone
from detectors.detector import Detector
from detectors.errors import BackboneError, DetectorError, FactoryError
from detectors.fine_tuning import TUNES
from detectors.options import check_factory, parse_options
from detectors.plugins import Plugins

Factory = Callable[..., Detector]
"""Makes a new detector from what the stem made, and options by keyword."""

TrainingData = Literal["bags", "warped", "blended", "self-blended"]
"""What a method learns from.

It is the train bags with their video labels, or real faces of the train split. Of those it makes
its own fakes, by warping (D-FWA), or by blending two faces (Face X-ray) or one with itself (SBI).
"""


@dataclass(frozen=True)
class Method:
    """A registered detector.

    ``unit`` is what is judged as one: a whole bag, or each frame by itself. ``ordered``: the order
    of the faces counts. ``trained_as`` names the method whose weights it is scored with; itself if
    it is trained. See :attr:`teacher`. ``stem`` makes what the factory takes first, from
    ``backbone`` unless the user names another. ``tune`` is what of the backbone is
    trained, unless the user says otherwise.
    """

    name: str
    factory: Factory
    source: str
    unit: Literal["bag", "frame"]
    training_data: TrainingData
    ordered: bool
    backbone: str
    stem: Callable[..., Stem]
    trained_as: str
    tune: str

    @property
    def about(self) -> str:
        """The first line of the factory's docstring."""
        return inspect.cleandoc(self.factory.__doc__ or "").partition("\n\n")[0].replace("\n", " ")

    @property
    def module(self) -> str:
        """The module that defines the factory."""
        return self.factory.__module__

    @property
    def teacher(self) -> str:
        """The name of the method whose training gives it its weights.

        It is ``trained_as``, unless that is of another module. Then it is the method itself: the
        identity of the other's run would not have its code.
        """
        known = next((known for name, known in _METHODS.items() if self.trained_as in _aliases(name)), None)
        if known is None:
            return self.trained_as
        return known.name if known.module == self.module else self.name

    @property
    def any_backbone(self) -> bool:
        """Whether it takes any timm model, or has a network of its own."""
        return self.stem.__module__ == create_backbone.__module__


_METHODS: dict[str, Method] = {}
_PLUGINS = Plugins(_METHODS)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def register(
    name: str,
    *,
    source: str,
    unit: Literal["bag", "frame"] = "bag",
    training_data: TrainingData = "bags",
    ordered: bool = False,
    backbone: str = "legacy_xception",
    stem: Callable[..., Stem] = create_backbone,
    trained_as: str = "",
    tune: str = "all",
) -> Callable[[Factory], Factory]:
    """Registers a factory under a name, as a decorator; :class:`Method` explains the arguments.

    Raises:
        DetectorError: the name is taken or cannot be typed, or the factory takes what no command
            can give it.
    """

    def add(factory: Factory) -> Factory:
        _load_built_in()
        _check_name(name, factory)
        if unit not in ("bag", "frame"):
            raise DetectorError(f"{name}: unit is {unit!r}; bag or frame")
        if training_data not in get_args(TrainingData):
            raise DetectorError(f"{name}: training_data is {training_data!r}; {' or '.join(get_args(TrainingData))}")
        if tune not in TUNES:
            raise DetectorError(f"{name}: tune is {tune!r}; {' or '.join(TUNES)}")
        check_factory(name, factory)
        own = (unit, training_data, ordered, backbone, stem, trained_as or name, tune)
        _METHODS[name] = Method(name, factory, source, *own)
        return factory

    return add


def _check_name(name: str, factory: Factory) -> None:
    if not _NAME.fullmatch(name):
        raise DetectorError(f"{name!r}: a method's name is lower-case letters and digits with dashes, such as s-mil")
    for other, known in _METHODS.items():
        if _aliases(name) & _aliases(other):
            also = "" if name == other else f" as {other}, which {name} may mean too"
            raise DetectorError(f"{name}: registered twice, by {known.module} and {factory.__module__}{also}")


def _aliases(name: str) -> set[str]:
    """Returns what users type for a name."""
    return {name, name.replace("-", "", 1), name.replace("-", "")}


def _load_built_in() -> None:
    """Registers this project's own methods, first of all."""
    import_module("detectors.methods")


def load_plugins() -> None:
    """Imports the modules that other packages name in the entry point group ``ffpms.detectors``.

    The functions below do so by themselves, once; they warn of a plugin that cannot be used, and
    know all other methods. Every call of this one raises for it.

    Raises:
        DetectorError: a plugin cannot be imported, or what it registers cannot be used.
    """
    if faults := plugin_faults():
        raise DetectorError("; ".join(faults))


def plugin_faults() -> list[str]:
    """Imports the plugins as :func:`load_plugins` does, after which all other methods are known.

    Returns a line for each plugin that cannot be used.
    """
    _load_built_in()
    return _PLUGINS.load()


def _known() -> dict[str, Method]:
    """Returns all methods; the first call imports the plugins."""
    _load_built_in()
    if _PLUGINS.faults is None:
        for fault in _PLUGINS.load():
            warnings.warn(fault, stacklevel=3)
    return _METHODS


def names() -> list[str]:
    """Lists all registered names, in the order of registration."""
    return list(_known())


def method(name: str) -> Method:
    """Returns the registered method of a name.

    Raises:
        DetectorError: there is no such method; lists the near ones.
    """
    return _known()[resolve(name)]


def resolve(name: str) -> str:
    """Finds the registered name for what a user typed.

    Any case will do, ``_`` for ``-``, and a name without its first dash (``smil``).

    Raises:
        DetectorError: there is no such detector; lists the near ones.
    """
    aliases = {alias: n for n in _known() for alias in _aliases(n)}
    typed = name.strip().lower().replace("_", "-")
    if typed in aliases:
        return aliases[typed]
    near = list(dict.fromkeys(aliases[a] for a in difflib.get_close_matches(typed, aliases, n=3))) or names()
    broken = "".join(f" {fault}" for fault in _PLUGINS.faults or ())
    raise DetectorError(f"{name!r}: no such method; did you mean {', '.join(near)}?{broken}")


def create(
    name: str,
    backbone: str = "",
    pretrained: bool = True,
    weights: Weights | None = None,
    size: int | None = None,
    options: Mapping[str, str] | None = None,
) -> Detector:
    """Creates a detector on a backbone by name, or on its own if none is given.

    ``options`` are given as text, by the names that :func:`detectors.options.options_of` lists.

    Raises:
        DetectorError: there is no such detector or option, its backbone cannot be made (a
            ``BackboneError``), or its factory makes no detector.
    """
    known = method(name)
    chosen = parse_options(known.name, known.factory, options or {})
    if backbone == TINY and weights is not None:
        raise BackboneError(
            f"{TINY}: begins at random and takes no weights; leave --weights away, or --backbone {TINY}"
        )
    try:
        stem: Any = known.stem(backbone or known.backbone, pretrained, weights, size)
    except DetectorError as error:
        raise BackboneError(str(error)) from error
    return _check_made(known, known.factory(stem, **chosen))


def _check_made(known: Method, made: object) -> Detector:
    if not isinstance(made, Detector):
        raise FactoryError(f"{known.name}: its factory gave a {type(made).__name__}, not a detectors.Detector")
    if not isinstance(getattr(made, "backbone", None), Stem):
        raise FactoryError(f"{known.name}: {type(made).__name__} has no backbone; keep the factory's first argument")
    return made
