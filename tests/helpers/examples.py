"""Examples of docstrings: finds and runs them."""

import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

import benchmark
import detectors
import ffpms
from tests.helpers import ROOT

PACKAGES: dict[str, ModuleType] = {"ffpms": ffpms, "benchmark": benchmark, "detectors": detectors}


def modules_with_examples() -> list[str]:
    """The modules in whose files an example stands."""
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    found = [file for file in files if ">>> " in file.read_text(encoding="utf-8")]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in found]


def examples_in(module: str) -> Iterator[doctest.DocTest]:
    """The examples of a module; they know its names, the three packages, torch and Path."""
    found = import_module(module)
    known: dict[str, Any] = {"Path": Path, "torch": torch, **PACKAGES}
    for test in doctest.DocTestFinder(exclude_empty=True).find(found, module, extraglobs=known):
        if test.examples:
            yield test


def public_names() -> dict[str, str]:
    """``ffpms.BuiltSet`` by where it is defined, ``ffpms.dataset.built_set.BuiltSet``."""
    names = [(name, public) for name, package in PACKAGES.items() for public in package.__all__]
    found = {f"{name}.{public}": getattr(PACKAGES[name], public) for name, public in names}
    return {f"{one.__module__}.{one.__qualname__}": name for name, one in found.items() if hasattr(one, "__qualname__")}


def is_public(test: doctest.DocTest) -> bool:
    """Whether an example is that of a public name or of one of its methods."""
    return any(test.name == path or test.name.startswith(f"{path}.") for path in public_names())


def run_example(test: doctest.DocTest) -> str:
    """Runs an example; what it prints otherwise than it says."""
    wrong: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, out=wrong.append)
    return "".join(wrong)
