"""Identity of a method's own code.

It is the method's file here, or the whole distribution that a plugin comes from.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from ffpms.errors import ConfigError
from ffpms.hashing import code_digest, digest


def method_code(module: str) -> str:
    """SHA-256 of a method's own source.

    A method of this project is one file. A plugin is every file of every package of its
    distribution, as it lies on disk. Any of these files may be imported, and an editable install
    may have changed since.

    Raises:
        ConfigError: the method was registered in a notebook.
    """
    top = module.partition(".")[0]
    if top == "detectors":
        return code_digest(find_package(top), [f"{module.partition('.')[2].replace('.', '/')}.py"])
    lines = [
        line for package in sorted(packages_beside(module)) for place in _places(package) for line in _hash_files(place)
    ]
    return digest("".join(lines).encode())


def find_package(name: str) -> Path:
    """Returns the folder of an importable package of this project."""
    (place,) = _places(name)
    return place


def packages_beside(module: str) -> set[str]:
    """Returns the top-level packages of the distribution of a module, its own too."""
    top, owners = module.partition(".")[0], packages_distributions()
    own = set(owners.get(top, []))
    return {top} | {name for name, found in owners.items() if own & set(found)}


def _places(name: str) -> list[Path]:
    """Returns the folders of a package, or the file of a module."""
    if name == "__main__":
        return [_running_script()]
    spec = find_spec(name)
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin else []


def _running_script() -> Path:
    file = getattr(sys.modules["__main__"], "__file__", None)
    if file is None:
        raise ConfigError("a detector registered in a notebook has no file to identify it by; put it into a module")
    return Path(file)


def _hash_files(place: Path) -> Iterator[str]:
    """Yields one line per file, without compiled files."""
    files = sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]
    for file in files:
        if "__pycache__" not in file.parts:
            yield f"{file.relative_to(place.parent).as_posix()} {digest(file.read_bytes())}\n"
