"""Configure: turns the flags of ``ffpms bench`` into one configuration per method."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from benchmark.data.training_sets import part_size, takes_single_faces
from benchmark.train_config import PACKAGED, TrainConfig
from benchmark.training.device import Machine, choose_precision
from benchmark.training.weights import hash_weights
from detectors import method, names, resolve
from detectors.backbones import TINY
from detectors.options import check_used, format_value, options_of, parse_options
from ffpms.errors import ConfigError

ALL_METHODS = ""
"""Key for settings that apply to all methods."""


def choose_methods(typed: Sequence[str]) -> list[str]:
    """Returns the registered names of the methods, each once; ``all`` stands for all of them.

    Raises:
        ConfigError: none is given.
        DetectorError: there is no such method.

    Example:
        >>> choose_methods(["smil", "xn-avg", "s-mil"])
        ['s-mil', 'xn-avg']
    """
    if not typed:
        raise ConfigError(f"methods: none given; choose from {','.join(names())} or all")
    return names() if tuple(typed) == ("all",) else list(dict.fromkeys(map(resolve, typed)))


def split_weights(typed: Sequence[str]) -> dict[str, Path]:
    """Parses ``PATH`` and ``METHOD=PATH`` into a path per method.

    Raises:
        ConfigError: two are given for a method, or for all.

    Example:
        >>> sorted(split_weights(["smil=a.pth"]))
        ['s-mil']
    """
    by_method: dict[str, Path] = {}
    for text in typed:
        name, equals, path = text.partition("=")
        own = bool(equals) and not Path(text).exists()
        known, given = (resolve(name), Path(path)) if own else (ALL_METHODS, Path(text))
        if known in by_method:
            raise ConfigError(f"weights: {known or 'all methods'}: both {by_method[known]} and {given} are given")
        by_method[known] = given
    return by_method


def split_mixes(typed: Sequence[str]) -> dict[str, str]:
    """Parses ``MIX`` and ``METHOD=MIX`` into a training mix per method.

    Raises:
        ConfigError: two are given for a method, or for all.

    Example:
        >>> split_mixes(["recipe", "xn-avg=whole"])
        {'': 'recipe', 'xn-avg': 'whole'}
    """
    mixes: dict[str, str] = {}
    for name, equals, mix in (text.rpartition("=") for text in typed):
        known = resolve(name) if equals else ALL_METHODS
        if known in mixes:
            raise ConfigError(f"train-mix: {known or 'all methods'}: both {mixes[known]} and {mix} are given")
        mixes[known] = mix
    return mixes


def split_options(typed: Sequence[str]) -> dict[str, dict[str, str]]:
    """Parses ``METHOD.OPTION=VALUE`` into values by option, by method.

    A value is the same text however it was typed, so that ``0.70`` and ``0.7`` are one run.

    Raises:
        ConfigError: it is not of that form, or an option is given twice.
        DetectorError: there is no such method or option, it does not take the value, or it has no
            effect beside another.

    Example:
        >>> split_options(["s-mil.filters=256"])
        {'s-mil': {'filters': '256'}}
    """
    options: dict[str, dict[str, str]] = {}
    for text in typed:
        name, dot, setting = text.partition(".")
        key, equals, value = setting.partition("=")
        if not (dot and equals):
            raise ConfigError(f"set: {text!r} is not of the form METHOD.OPTION=VALUE, such as s-mil.filters=256")
        known = method(name)
        (chosen,) = parse_options(known.name, known.factory, {key: value}).values()
        own, text = options.setdefault(known.name, {}), format_value(chosen)
        if key in own:
            raise ConfigError(f"set: {known.name}.{key}: both {own[key]} and {text} are given")
        own[key] = text
    for name, own in options.items():
        check_used(name, method(name).factory, own)
    return options


def configure(
    methods: Sequence[str],
    settings: Mapping[str, Any],
    backbone: str | None,
    weights: Mapping[str, Path],
    options: Mapping[str, Mapping[str, str]],
    mixes: Mapping[str, str] | None = None,
) -> tuple[list[TrainConfig], dict[str, Path]]:
    """Returns one configuration per method, and the path of each file of weights by its hash.

    The manipulations to train on are still empty.

    Raises:
        ConfigError: a file of weights is not there, or a setting is not possible. Or a mix is given
            to a method by its name that learns from no fakes of the set.
    """
    _check_backbone(methods, backbone)
    hashes = {name: PACKAGED if path == Path(PACKAGED) else hash_weights(path) for name, path in weights.items()}
    mixes = {ALL_METHODS: "recipe", **(mixes or {})}
    _check_shared_weights(methods, weights)
    _check_named(methods, {"train-mix": mixes, "weights": weights, "set": options})
    _check_mixes(methods, mixes)
    configs = [
        _configure(name, {**settings, "train_mix": _choose_mix(name, mixes)}, backbone, hashes, options)
        for name in methods
    ]
    return configs, {hashes[name]: path for name, path in weights.items()}


def _check_backbone(methods: Sequence[str], backbone: str | None) -> None:
    if backbone not in (None, TINY) and not _any_takes_backbones(methods):
        raise ConfigError(
            f"backbone: {', '.join(methods)} has a network of its own; leave --backbone away, or give {TINY}"
        )


def _check_shared_weights(methods: Sequence[str], weights: Mapping[str, Path]) -> None:
    if ALL_METHODS in weights and not _any_takes_backbones(methods):
        own = ", ".join(f"--weights {name}=PATH" for name in methods)
        raise ConfigError(f"weights: {', '.join(methods)} has a network of its own; give {own}")


def _any_takes_backbones(methods: Sequence[str]) -> bool:
    return any(method(name).any_backbone for name in methods)


def _check_named(methods: Sequence[str], given: Mapping[str, Iterable[str]]) -> None:
    """Checks that each flag names methods to train, or those that they are trained as."""
    known = {ALL_METHODS, *methods, *(method(name).teacher for name in methods)}
    for flag, named in given.items():
        if unused := [name for name in named if name not in known]:
            raise ConfigError(f"{flag}: {', '.join(unused)} is not among the methods to train")


def _check_mixes(methods: Sequence[str], mixes: Mapping[str, str]) -> None:
    if idle := [name for name in methods if name in mixes and method(name).training_data != "bags"]:
        why = "learns from forgeries of real faces, and a mix is of the set's fakes; leave it away"
        raise ConfigError(f"train-mix: {', '.join(idle)} {why}")


def _choose_mix(name: str, mixes: Mapping[str, str]) -> str:
    """Chooses the mix of a method: its own, that of the method it is trained as, or that of all."""
    return mixes.get(name) or mixes.get(method(name).teacher) or mixes[ALL_METHODS]


def _configure(
    name: str,
    settings: Mapping[str, Any],
    backbone: str | None,
    hashes: Mapping[str, str],
    options: Mapping[str, Mapping[str, str]],
) -> TrainConfig:
    known = method(name)
    chosen = backbone if backbone and (known.any_backbone or backbone == TINY) else known.backbone
    own = hashes.get(name) or hashes.get(known.teacher)
    sha256 = own or (hashes.get(ALL_METHODS, "") if known.any_backbone else "")
    about: dict[str, Any] = {
        **settings,
        "backbone": chosen,
        "tune": settings.get("tune") or known.tune,
        "pretrained": settings["pretrained"] and not sha256 and chosen != TINY,
        "weights_sha256": sha256,
        "options": tuple(f"{key}={value}" for key, value in sorted(options.get(name, {}).items())),
    }
    return TrainConfig(method=name, manipulations=(), **about)


def settle(config: TrainConfig, machine: Machine, unmixed: bool = False) -> TrainConfig:
    """Returns a configuration as it will be run on a machine.

    Settings that its method has no use for are at their defaults, so that they tell no runs apart.
    So is ``whole`` on an unmixed set, whose own fakes are whole.

    Example:
        >>> cpu = Machine(torch.device("cpu"))
        >>> settle(TrainConfig("s-mil", frame_batch_size=64), cpu).frame_batch_size
        32
    """
    known, precision = method(config.method), choose_precision(config.precision, machine.device)
    unused = {"batch_size", "train_frames"} if takes_single_faces(config) else {"frame_batch_size"}
    unused |= set() if known.unit == "frame" else {"frame_faces"}
    same_mix = known.training_data != "bags" or (unmixed and config.train_mix == "whole")
    unused |= {"train_mix"} if same_mix else set()
    defaults: dict[str, Any] = {field.name: field.default for field in fields(TrainConfig) if field.name in unused}
    settled = replace(config, method=known.name, precision=precision, ranks=machine.ranks.world, **defaults)
    return replace(settled, micro_batch=0) if _is_whole(settled) else settled


def _is_whole(config: TrainConfig) -> bool:
    """Whether a part of a batch is as large as the batch."""
    size = config.frame_batch_size if takes_single_faces(config) else config.batch_size
    return part_size(config) >= size


def own_defaults(config: TrainConfig) -> dict[str, Any]:
    """Returns the method's own backbone, what of it is trained, and the options given that are its
    defaults.

    Example:
        >>> own_defaults(TrainConfig("s-mil", options=("filters=512",)))
        {'backbone': 'legacy_xception', 'tune': 'all', 'options': ['filters=512']}
    """
    known = method(config.method)
    defaults, chosen = options_of(known.factory), parse_options(known.name, known.factory, config.option_values)
    same = [f"{key}={text}" for key, text in config.option_values.items() if chosen[key] == defaults[key]]
    return {"backbone": known.backbone, "tune": known.tune, "options": same}
