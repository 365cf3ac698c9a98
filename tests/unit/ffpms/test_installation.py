"""Versions: the floors of setup.cfg, what is pinned, what `make lowest` tests, and what a user is told."""

import configparser
import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import yaml

from ffpms import installation
from ffpms.errors import ConfigError
from ffpms.installation import check_versions, release

ROOT = Path(__file__).parents[3]
DEVELOPERS = ("dev", "docs")
"""Extras whose packages nobody needs who uses ffpms."""


def requirements() -> dict[str, str]:
    """Name and oldest version of all that a user may install."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = parser["options"]["install_requires"].split()
    for extra, text in parser["options.extras_require"].items():
        lines += [] if extra in DEVELOPERS else text.split()
    found = [re.fullmatch(r"([\w.-]+)(?:>=|==)([\d.]+)", line) for line in lines]
    assert all(found), "a package has no oldest version"
    return {match[1]: match[2] for match in found if match}


def test_pinned_versions_are_allowed() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = {name.lower().replace("_", "-"): text for name, text in (line.split("==") for line in lines)}
    for name, floor in requirements().items():
        assert release(pinned[name.lower().replace("_", "-")]) >= release(floor), name


@pytest.mark.parametrize(
    ("name", "floor", "why"),
    [
        ("torch", "2.6", "below it a file of weights can execute code though weights_only is set (CVE-2025-32434)"),
        ("dlib-bin", "19.24.6", "below it every picture is refused under numpy 2"),
        ("av", "17.1", "below it a GIF or an MPEG program stream that is opened with options crashes Python"),
    ],
)
def test_floors_have_reasons(name: str, floor: str, why: str) -> None:
    assert release(requirements()[name]) >= release(floor), why


def test_a_workflow_tests_the_oldest_versions() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlowest:\n")[2].partition("\n\n")[0]
    assert "--resolution lowest-direct" in recipe
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))["jobs"]
    assert any("make lowest" in step.get("run", "") for step in jobs["lowest"]["steps"])


def install(monkeypatch: pytest.MonkeyPatch, wanted: list[str], **versions: str) -> None:
    """Has the system say that these versions are installed."""

    def version(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(installation, "requires", lambda _: wanted)
    monkeypatch.setattr(installation, "version", version)


def test_libraries_that_are_too_old_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["av>=17", "torch>=2.6", "numpy>=1.26", 'ray>=2.40; extra == "ray"', "pandas-stubs", "demo==0.1.0"]
    install(monkeypatch, wanted, av="14.4.0", torch="2.6.0a0+cu126", numpy="2.4.6", ray="2.9.3")
    said = r"^too old: av 14.4.0 \(needs 17\), ray 2.9.3 \(needs 2.40\); upgrade av ray$"
    with pytest.raises(ConfigError, match=said):
        check_versions()


def test_what_is_not_installed_is_not_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ['ray>=2.40; extra == "ray"', "torch>=2.6"], torch="2.10.0+cpu")
    check_versions()

    def missing(_: str) -> list[str]:
        raise PackageNotFoundError

    monkeypatch.setattr(installation, "requires", missing)
    check_versions()
