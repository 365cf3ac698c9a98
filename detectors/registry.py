"""Detectors by name, as their papers call them."""

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

from detectors.backbones import Stem, Weights, create_backbone
from detectors.detector import Detector
from detectors.errors import DetectorError
from detectors.options import parse_options

Factory = Callable[..., Detector]
"""What the stem made, and options by keyword -> a new detector."""

TrainingData = Literal["bags", "warped", "blended"]
"""What a method learns from: the train bags with their video labels, or train-split real faces and what it makes of
them itself, by warping (D-FWA) or blending (Face X-ray)."""

PLUGINS = "ffpms.detectors"
"""Entry point group of other packages' detectors: each names a module that registers them."""


@dataclass(frozen=True)
class Method:
    """A registered detector. ``unit`` is what is judged as one: a whole bag, or each frame by itself. ``ordered``: the
    order of the faces counts. ``trained_as`` names the method whose weights it is scored with; itself if it is trained.
    ``stem`` makes what the factory takes first, from ``backbone`` unless the user names another."""

    name: str
    factory: Factory
    source: str
    unit: Literal["bag", "frame"]
    training_data: TrainingData
    ordered: bool
    backbone: str
    stem: Callable[..., Stem]
    trained_as: str

    @property
    def about(self) -> str:
        """The factory's first line."""
        return inspect.cleandoc(self.factory.__doc__ or "").partition("\n\n")[0].replace("\n", " ")

    @property
    def module(self) -> str:
        return self.factory.__module__

    @property
    def any_backbone(self) -> bool:
        """Whether it takes any timm model, or has a network of its own."""
        return self.stem.__module__ == create_backbone.__module__


_METHODS: dict[str, Method] = {}


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
) -> Callable[[Factory], Factory]:
    """Decorator: makes a factory known under a name, with what :class:`Method` says of it.

    Raises:
        DetectorError: the name is taken.
    """

    def add(factory: Factory) -> Factory:
        if name in _METHODS:
            raise DetectorError(f"{name}: registered twice, by {_METHODS[name].module} and {factory.__module__}")
        _METHODS[name] = Method(name, factory, source, unit, training_data, ordered, backbone, stem, trained_as or name)
        return factory

    return add


def load_plugins() -> None:
    """Imports the modules that other packages name in the entry point group ``ffpms.detectors``.

    Raises:
        DetectorError: a plugin cannot be imported.
    """
    for plugin in entry_points(group=PLUGINS):
        try:
            plugin.load()
        except DetectorError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise DetectorError(f"plugin {plugin.name} ({plugin.value}): cannot be imported ({reason})") from error


def names() -> list[str]:
    """All registered names, in the order of registration."""
    return list(_METHODS)


def method(name: str) -> Method:
    """What is known of a method.

    Raises:
        DetectorError: there is no such method; lists the near ones.
    """
    return _METHODS[resolve(name)]


def resolve(name: str) -> str:
    """The registered name for what a user typed: any case, ``_`` for ``-``, without its first dash (``smil``).

    Raises:
        DetectorError: there is no such detector; lists the near ones.
    """
    aliases = {alias: n for n in _METHODS for alias in (n, n.replace("-", "", 1), n.replace("-", ""))}
    typed = name.strip().lower().replace("_", "-")
    if typed in aliases:
        return aliases[typed]
    near = list(dict.fromkeys(aliases[a] for a in difflib.get_close_matches(typed, aliases, n=3))) or names()
    raise DetectorError(f"{name!r}: no such method; did you mean {', '.join(near)}?")


def create(
    name: str,
    backbone: str = "",
    pretrained: bool = True,
    weights: Weights | None = None,
    size: int | None = None,
    options: Mapping[str, str] | None = None,
) -> Detector:
    """A new detector on a backbone by name, its own if none is given; ``options`` as text by the names that
    :func:`detectors.options.options_of` lists.

    Raises:
        DetectorError: there is no such detector or option, or its backbone cannot be made.
    """
    known = method(name)
    chosen = parse_options(known.name, known.factory, options or {})
    stem: Any = known.stem(backbone or known.backbone, pretrained, weights, size)
    return known.factory(stem, **chosen)
