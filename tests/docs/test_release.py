"""What a release is made of agrees with itself: version, changelog, citation, metadata, data files, workflow."""

import ast
import configparser
import re
from fnmatch import fnmatch
from pathlib import Path

import yaml

import ffpms
from ffpms.cli import main

ROOT = Path(__file__).parents[2]
PACKAGES = ("ffpms", "detectors", "benchmark", "data_manifests")


def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_the_version_has_one_source() -> None:
    """A literal, which setuptools reads without importing what is not installed yet."""
    assert setup()["metadata"]["version"] == "attr: ffpms.__version__"
    tree = ast.parse((ROOT / "ffpms" / "__init__.py").read_text(encoding="utf-8"))
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__version__"]
    ]
    assert [ast.literal_eval(value) for value in values] == [ffpms.__version__]


def test_the_changelog_has_the_version_in_the_sections_of_keep_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (.+)$", text, re.M)
    assert releases[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(ffpms.__version__)} - \d{{4}}-\d\d-\d\d", releases[1])
    sections = set(re.findall(r"^### (.+)$", text, re.M))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_citation_names_this_version_and_the_paper() -> None:
    """By the keys that version 1.2.0 of the Citation File Format requires."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation.keys() >= {"cff-version", "message", "title", "authors"}
    assert (citation["cff-version"], citation["version"]) == ("1.2.0", ffpms.__version__)
    assert citation["license"] == setup()["metadata"]["license_expression"]
    (paper,) = citation["references"]
    assert paper.keys() >= {"type", "title", "authors"}
    assert paper["title"] == "Sharp Multiple Instance Learning for DeepFake Video Detection"
    assert (paper["doi"], paper["year"]) == ("10.1145/3394171.3414034", 2020)
    names = [f"{author['given-names']} {author['family-names']}" for author in paper["authors"]]
    assert (names[0], names[-1], len(names)) == ("Xiaodan Li", "Quan Lu", 8)


def test_every_file_of_a_package_is_in_the_wheel() -> None:
    """What is no code is named in ``package_data``, and what is named there exists."""
    patterns = {package: text.split() for package, text in setup()["options.package_data"].items()}
    everywhere, used = patterns.pop("*"), set()
    for top in PACKAGES:
        assert (ROOT / top / "py.typed").is_file(), "type checkers ignore a package without it"
        for file in sorted((ROOT / top).rglob("*")):
            if not file.is_file() or file.suffix == ".py" or "__pycache__" in file.parts:
                continue
            named = {
                (package, pattern)
                for package, own in patterns.items()
                for pattern in own
                if fnmatch(str(file), str(ROOT / package.replace(".", "/") / pattern))
            }
            assert named or file.name in everywhere, f"{file} would not be installed"
            used |= named
    assert used == {(package, pattern) for package, own in patterns.items() for pattern in own}


def test_every_folder_of_code_is_a_package() -> None:
    """``find:`` leaves out a folder without ``__init__.py``."""
    folders = {file.parent for top in PACKAGES for file in (ROOT / top).rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_extras_in_messages_exist() -> None:
    extras = setup()["options.extras_require"]
    named = {
        extra
        for top in PACKAGES
        for file in (ROOT / top).rglob("*.py")
        for text in re.findall(r"ffpms\[(\w+)\]|not_installed\([^\n]*?, \"(\w+)\"", file.read_text(encoding="utf-8"))
        for extra in text
        if extra
    }
    assert named == {"demo", "explain", "landmarks", "mtcnn", "ray", "report", "tensorboard"}
    assert named <= set(extras)
    said = [f for top in PACKAGES for f in (ROOT / top).rglob("*.py") if "pip install" in f.read_text(encoding="utf-8")]
    assert said == [ROOT / "ffpms" / "errors.py"], "one function says how to install what is missing"


def test_the_minicorpus_needs_no_extra() -> None:
    required, demo = setup()["options"]["install_requires"], setup()["options.extras_require"]["demo"]
    assert "numba" in required
    assert "numba" not in demo


def test_workflows_and_templates_are_read_and_their_flags_exist() -> None:
    files = sorted((ROOT / ".github").rglob("*.yml"))
    texts = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}
    assert texts.keys() >= {"test.yml", "bug.yml", "detector.yml"}
    for name in ("bug.yml", "detector.yml"):
        assert texts[name].keys() >= {"name", "description", "body"}
        ids = [part["id"] for part in texts[name]["body"] if part["type"] != "markdown"]
        assert len(ids) == len(set(ids))
    jobs = texts["test.yml"]["jobs"]
    steps = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert "make test" in steps
    for line in "\n".join(steps).splitlines():
        if "ffpms " in line:
            name, *words = line.partition("ffpms ")[2].split()
            flags = {flag for option in main.commands[name].params for flag in option.opts}
            assert {word for word in words if word.startswith("--")} <= flags, line
