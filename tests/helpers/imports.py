"""The import graph of the project: which modules a module reaches."""

from collections.abc import Container, Iterable
from functools import cache

import grimp


@cache
def import_graph() -> grimp.ImportGraph:
    """Every import of the project's packages, those in function bodies too, but for those of type checkers alone."""
    packages = ("ffpms", "benchmark", "detectors", "data_manifests")
    return grimp.build_graph(*packages, exclude_type_checking_imports=True)


def reached_by(module: str) -> set[str]:
    """A module and every module of the project that it imports, by whatever way."""
    return {module, *import_graph().find_upstream_modules(module)}


def covers(part: str, module: str) -> bool:
    """Whether a file or folder such as ``ffpms/protocol`` or ``ffpms/schema.py`` holds a module."""
    name = part.removesuffix(".py").replace("/", ".")
    return module == name or (not part.endswith(".py") and module.startswith(f"{name}."))


def missed_by(hashed: Iterable[str], root: str, excused: Container[str], package: str) -> set[str]:
    """The modules that ``root`` reaches and that are neither hashed, nor excused, nor in an excused package."""
    parts = list(hashed)
    reached = {module for module in reached_by(root) if not any(covers(part, module) for part in parts)}
    return {module for module in reached if module not in excused and not module.startswith(f"{package}.")}
