"""Initial weights: fits a state dict from anywhere to a backbone, and says what did not fit."""

from collections import Counter
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from detectors.errors import BackboneError

Weights = Mapping[str, Tensor]
"""A state dict."""

ENOUGH = 0.9
"""The share of a network's tensors that must be there."""
_NAMED = 3


def load_weights(network: nn.Module, weights: Weights, name: str) -> str:
    """Loads the weights that the network has; returns which of its layers stay random, if any.

    Names may have a prefix in common (``module.``, ``backbone.``). Shapes may differ in ones at the
    end: old Xception files hold 1x1 convolutions as matrices. Other weights, such as a
    classifier's, are left out. Only some last layers of the network may be missing, for behind a
    random layer no learnt one is of use.

    Raises:
        BackboneError: weights are missing, or have another shape; says which.
    """
    own = {_plain(key): (key, value) for key, value in network.state_dict().items()}
    needed = [key for key in own if not key.endswith("num.batches.tracked")]
    given = _strip_prefix({key.replace("_", "."): key for key in weights}, set(needed), name)
    missing = [own[key][0] for key in needed if key not in given]
    others = [key for plain, key in given.items() if plain not in own]
    unused = f"; {len(others)} of the file are not used: {_list(others)}" if others else ""
    share = f"{len(missing)} of {len(needed)}"
    if len(missing) > (1 - ENOUGH) * len(needed) or any(key in given for key in needed[len(needed) - len(missing) :]):
        raise BackboneError(f"{name}: the weights lack {_list(missing)} ({share} do not fit{unused})")
    pairs = {key: (value, weights[given[plain]]) for plain, (key, value) in own.items() if plain in given}
    wrong = [f"{key}: {_size(new)}, not {_size(old)}" for key, (old, new) in pairs.items() if not _alike(old, new)]
    if wrong:
        raise BackboneError(
            f"{name}: the weights have another shape of {_list(wrong)} ({len(wrong)} of {len(needed)} do not fit)"
        )
    network.load_state_dict({key: new.reshape(old.shape) for key, (old, new) in pairs.items()}, strict=False)
    return f"{name}: the weights lack {_list(missing)} ({share} begin at random{unused})" if missing else ""


def _strip_prefix(given: Mapping[str, str], own: set[str], name: str) -> dict[str, str]:
    """Removes what stands before the network's names, as most of them have it."""
    found: Counter[str] = Counter()
    for key in given:
        parts = key.split(".")
        found.update(".".join(parts[:i]) for i in range(len(parts)) if ".".join(parts[i:]) in own)
    ranked = found.most_common(2)
    if len(ranked) == 2 and ranked[0][1] == ranked[1][1] and ranked[0][1] > len(own) // 2:
        both = " and ".join(f"{prefix or 'no prefix'} ({count})" for prefix, count in ranked)
        raise BackboneError(f"{name}: the file holds two networks, under {both}; save one of them")
    prefix = f"{ranked[0][0]}." if ranked and ranked[0][0] else ""
    return {plain.removeprefix(prefix): key for plain, key in given.items() if plain.startswith(prefix)}


def _plain(key: str) -> str:
    """Name of a weight, however timm's feature extractors wrap the network.

    Wrapped names are ``body.conv1.weight`` or ``stem_0.weight``.
    """
    return key.removeprefix("body.").removeprefix("model.").replace("_", ".")


def _alike(own: Tensor, given: Tensor) -> bool:
    """Whether shapes are the same but for ones at the end."""
    return _without_ones(own.shape) == _without_ones(given.shape)


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    kept = tuple(shape)
    while kept[-1:] == (1,):
        kept = kept[:-1]
    return kept


def _size(value: Tensor) -> str:
    return "x".join(map(str, value.shape)) or "a number"


def _list(names: Sequence[str]) -> str:
    """Lists the first names, and how many follow."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
