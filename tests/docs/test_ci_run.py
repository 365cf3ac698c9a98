"""``.ci/run``: the tests in a browser are never skipped there unawares."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.pages import ROOT

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None or not (ROOT / ".ci" / "run").is_file(), reason="needs bash and .ci/run")
SAYS_TEST = 'echo "make $*"'
INSTALLS = '[ "$1" != install ] || { echo "#!/bin/sh" > "${0%/*}/chromium"; /bin/chmod +x "${0%/*}/chromium"; }'


def run_check(place: Path, programs: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs it where no programs are but these and ``dirname``."""
    for name, body in (programs | {"make": SAYS_TEST, "dirname": "echo .ci"}).items():
        (place / name).write_text(f"#!/bin/sh\n{body}\n")
        (place / name).chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key not in ("CHROMIUM", "FFPMS_NO_BROWSER")}
    environment |= {"PATH": str(place)} | variables
    return subprocess.run(
        [str(BASH), str(ROOT / ".ci" / "run")], cwd=ROOT, env=environment, capture_output=True, text=True
    )


@needs_bash
@pytest.mark.parametrize(
    "programs",
    [{"id": "echo 1000"}, {"id": "echo 0"}, {"id": "echo 0", "apt-get": "echo broken; echo mirror >&2; exit 100"}],
)
def test_without_a_browser_it_fails_in_one_line(tmp_path: Path, programs: dict[str, str]) -> None:
    done = run_check(tmp_path, programs)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("No Chromium here, and none could be installed: ")
    assert "FFPMS_NO_BROWSER=1" in done.stderr
    assert done.stderr.count("\n") == 1


@needs_bash
@pytest.mark.parametrize(
    ("programs", "variables"),
    [
        ({}, {"FFPMS_NO_BROWSER": "1"}),
        ({"google-chrome": ""}, {}),
        ({"my-browser": ""}, {"CHROMIUM": "my-browser"}),
        ({"id": "echo 0", "apt-get": INSTALLS}, {}),
    ],
)
def test_it_goes_on_with_a_browser_or_where_none_is_wanted(
    tmp_path: Path, programs: dict[str, str], variables: dict[str, str]
) -> None:
    done = run_check(tmp_path, programs, **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "make test\n", "")
