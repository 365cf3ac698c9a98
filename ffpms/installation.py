"""Installation: checks that no installed library is older than ffpms needs."""

from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from ffpms.errors import ConfigError


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
        wanted = [Requirement(text) for text in requires("ffpms") or []]
    except PackageNotFoundError:
        return []
    return [(one.name, rule.version) for one in wanted for rule in one.specifier if rule.operator == ">="]


def _too_old(name: str, floor: str) -> str:
    """Returns what is too old and for what; empty if nothing is, or if it is not installed."""
    try:
        found = version(name)
        return f"{name} {found} (needs {floor})" if release(found) < release(floor) else ""
    except (PackageNotFoundError, InvalidVersion, TypeError):  # a damaged installation has no version
        return ""


def release(text: str) -> Version:
    """Returns a version without what stands behind its numbers: NVIDIA's alphas have all of it.

    Example:
        >>> str(release("20.0.1.post1")), str(release("2.6.0a0+cu126"))
        ('20.0.1', '2.6.0')
    """
    return Version(Version(text).base_version)
