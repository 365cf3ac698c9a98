"""The package of docs/plugins.md, installed in a folder, and commands that find it there."""

import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.helpers.warm_process import ROOT, run_python

FILES: dict[str, str] = dict(
    re.findall(r"^`([\w./]+)`[^\n]*:\n\n```\w+\n(.*?)```", (ROOT / "docs/plugins.md").read_text("utf-8"), re.M | re.S)
)
"""What the page shows, by the names of its files."""
MODULE = "ffpms_median/__init__.py"
POOL = "ffpms_median/pool.py"


def install(folder: Path, changes: Mapping[str, str] | None = None) -> Path:
    """Writes the page's files, or others of the same names, as an installer would; returns the folder."""
    files = FILES | (changes or {})
    project = tomllib.loads(files["pyproject.toml"])["project"]
    about = f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    entries = project["entry-points"]["ffpms.detectors"].items()
    files |= {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n",
        f"{about}/entry_points.txt": "[ffpms.detectors]\n" + "".join(f"{k} = {v}\n" for k, v in entries),
        f"{about}/RECORD": f"{MODULE},,\n{POOL},,\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def ffpms(plugin: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line, where the plugin is installed."""
    return run_python(plugin, "-m", "ffpms", *arguments)
