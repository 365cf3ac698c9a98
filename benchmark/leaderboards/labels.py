"""Labels of rows: say in what a configuration differs from the paper's defaults."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from benchmark.runs.folder import Run
from benchmark.train_config import TrainConfig
from ffpms.protocol.v1_manifest import OFFICIAL, V1_RECIPE

PAPER = asdict(TrainConfig(method=""))
"""The paper's settings, of a method that has none of its own."""

RANDOM_BACKBONE = "tiny"
"""A backbone without pretrained weights: its name says so already."""

_TOLD_OTHERWISE = ("method", "manipulations", "seed", "weights_sha256")
_OPEN = ("precision",)
"""Settings that the paper leaves open and the machine decides: no value is a difference."""

ALL_KINDS = set(V1_RECIPE.manipulations)
"""The manipulations of FaceForensics++, on which the default trains together."""

_LABEL = re.compile(r"(?P<name>[^ ]+)(?: \[(?P<settings>[^]]*)\])?(?P<end>.*)", re.DOTALL)


def find_differences(run: Run) -> tuple[str, ...]:
    """Finds in what a run's configuration differs from the paper's defaults.

    Such are ``backbone=tiny`` and ``epochs=2``, in the order of ``TrainConfig``. A method's own
    backbone is its default. A setting whose default is unknown counts as a difference. On
    FaceForensics++ so does training on less than all four manipulations together, or on less than
    all published videos. On another set than it was trained on, that set does. Faces that are shown
    smaller than the backbone's own size, as the stored crops are, have ``input_size``. Of another
    tool nothing is known.
    """
    if run.external:
        return ()
    defaults = {**PAPER, **run.defaults}
    settings = {**run.settings, **({"input_size": run.shown} if run.shown else {})}
    order = [*(key for key in PAPER if key in settings), *(key for key in settings if key not in PAPER)]
    return (*(text for key in order for text in _differences(key, settings, defaults)), *_training_part(run))


def _training_part(run: Run) -> Iterator[str]:
    """Yields on what it was trained, if that is not the set of the table or not all of it."""
    own = run.origin or run
    if run.origin:
        yield f"trained on {name_table(own)}"
    is_part = own.dataset in OFFICIAL and set(own.manipulations) != ALL_KINDS
    if is_part or (run.origin and len(own.manipulations) == 1):
        yield f"train_on={name_part(run)}"
    yield from (f"lacks {what}" for what in own.lacks)


def name_part(run: Run) -> str:
    """Says on which manipulations a run was trained, as far as that tells rows apart.

    On another set than it was trained on, detectors of one manipulation each are rows of their own.
    """
    return "+".join(run.origin.manipulations) if run.origin else train_on(tuple(run.settings["manipulations"]))


def name_table(run: Run) -> str:
    """Names the table of the set that a run was scored on.

    FFPMS, and FF++ unmixed, is one set wherever it was built. Of others each is its own.
    """
    return run.dataset if run.dataset in OFFICIAL else f"{run.dataset} {run.data_sha256[:8]}"


def train_on(manipulations: tuple[str, ...]) -> str:
    """Says on which manipulations a row's runs were trained: ``DF+NT`` together, or each alone."""
    return "+".join(manipulations) if len(manipulations) > 1 else "each"


def _differences(key: str, settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    """Yields how one setting differs, if it does."""
    if key in _TOLD_OTHERWISE or key in _OPEN:
        return
    if key == "pretrained":
        yield from _weights(settings)
    elif key == "options":
        yield from (option for option in settings[key] if option not in defaults[key])
    elif key not in defaults or _plain(settings[key]) != _plain(defaults[key]):
        yield f"{key}={format_setting(settings[key])}"


def _weights(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yields which weights the backbone began with, if not timm's."""
    if own := settings.get("weights_sha256"):
        yield f"weights={own[:8]}"
    elif not settings["pretrained"] and settings.get("backbone") != RANDOM_BACKBONE:
        yield "no-pretrained"


def _plain(value: object) -> object:
    """Returns a tuple for a list, which is what TOML makes of it."""
    return tuple(value) if isinstance(value, list) else value


def format_setting(value: object) -> str:
    """Formats a value for a label: ``8``, ``DF+NT``."""
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def make_label(name: str, settings: Iterable[str], end: str = "") -> str:
    """Makes a label.

    Example:
        >>> make_label("s-mil", ["backbone=tiny", "epochs=2"])
        's-mil [backbone=tiny, epochs=2]'
        >>> make_label("s-mil", [])
        's-mil'
    """
    inside = ", ".join(settings)
    return name + (f" [{inside}]" if inside else "") + end


def factor_out(labels: Iterable[str]) -> tuple[dict[str, str], str]:
    """Takes the settings that several labels share out of them, to be said once.

    Returns the short form of each label, and the settings. A label that stands alone stays whole.

    Example:
        >>> factor_out(["s-mil [epochs=2, lr=0.1]", "lstm [epochs=2]"])
        ({'s-mil [epochs=2, lr=0.1]': 's-mil [lr=0.1]', 'lstm [epochs=2]': 'lstm'}, 'epochs=2')
    """
    parts = {label: _split(label) for label in labels}
    settings = [own for _, own, _ in parts.values()]
    shared = [text for text in settings[0] if all(text in own for own in settings)] if len(settings) > 1 else []
    short = {
        label: make_label(name, [text for text in own if text not in shared], end)
        for label, (name, own, end) in parts.items()
    }
    return short, ", ".join(shared)


def _split(label: str) -> tuple[str, list[str], str]:
    """Splits a label into its name, its settings and what follows them."""
    found = _LABEL.fullmatch(label)
    if not found:
        return label, [], ""
    inside = found["settings"]
    return found["name"], inside.split(", ") if inside else [], found["end"]
