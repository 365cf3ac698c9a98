"""Installation: checks that no installed library is older than ffpms needs."""

import re
from importlib.metadata import PackageNotFoundError, requires, version

from ffpms.errors import ConfigError

_FLOOR = re.compile(r"([\w.-]+)>=([\d.]+)")


def check_versions() -> None:
    """Checks the version of every installed library that ffpms uses, those of its extras included.

    Raises:
        ConfigError: one is older than ``setup.cfg`` allows.
    """
    if old := [text for name, floor in _floors() if (text := _too_old(name, floor))]:
        names = " ".join(text.partition(" ")[0] for text in old)
        raise ConfigError(f"too old: {', '.join(old)}; upgrade {names}")


def _floors() -> list[tuple[str, str]]:
    """Returns name and oldest version of each library; none where ffpms is not installed."""
    try:
        wanted = requires("ffpms") or []
    except PackageNotFoundError:
        return []
    found = (_FLOOR.match(text.replace(" ", "")) for text in wanted)
    return [(floor[1], floor[2]) for floor in found if floor]


def _too_old(name: str, floor: str) -> str:
    """Returns what is too old and for what; empty if nothing is, or if it is not installed."""
    try:
        found = version(name)
    except PackageNotFoundError:
        return ""
    return f"{name} {found} (needs {floor})" if found and release(found) < release(floor) else ""


def release(text: str) -> tuple[int, ...]:
    """Returns the numbers of a version before any letter, without zeros at the end.

    Example:
        >>> release("20.0.1.post1"), release("2.6.0a0+cu126"), release("17.0")
        ((20, 0, 1), (2, 6), (17,))
    """
    found = re.match(r"\d+(?:\.\d+)*", text)
    numbers = [int(part) for part in found.group().split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
