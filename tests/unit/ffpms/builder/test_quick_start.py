"""A build starts without what its last step alone needs."""

import subprocess
import sys


def test_a_build_starts_without_scikit_learn() -> None:
    """Its import took half of the time of a build that had nothing to do."""
    code = "import sys, ffpms.builder.build; print({'sklearn', 'scipy.stats', 'torch'} & {*sys.modules} or 'quick')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("quick\n", "")
