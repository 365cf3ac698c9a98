"""Manifests without pixels: official splits, the FFPMS recipe, the paper's tables.

The folder of data is a package, so that it is found wherever the project is installed.
"""

from pathlib import Path

ROOT = Path(__file__).parent
