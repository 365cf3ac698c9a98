"""Recipes of sets, as ``ffpms import`` takes them."""

import re
from pathlib import Path


def readme_command(recipe: Path, place: Path, out: Path) -> list[object]:
    """The command of a recipe's README, with a user's own paths."""
    text = (recipe / "README.md").read_text()
    (found,) = re.findall(r"^ffpms (import .*)$", text, re.MULTILINE)
    words = found.split()
    assert words[1] == recipe.name
    return ["import", recipe, words[2], place, "--out", out, "--workers", 1]
