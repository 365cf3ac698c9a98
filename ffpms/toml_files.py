"""TOML files that somebody wrote by hand: reads them, and says in words why one is none."""

import re
import tomllib
from pathlib import Path
from typing import Any

from ffpms.errors import first_line
from ffpms.regular_files import read_text

_TWICE = re.compile(r"(?:Cannot (?:overwrite|declare|mutate)|Duplicate).*(\(at .*\))")
"""What the parser says where a key or a table stands twice."""


def read_toml(path: Path) -> dict[str, Any]:
    """Reads a TOML file, which may begin with a byte order mark, as some editors write it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no TOML, which :func:`explain_toml` explains.
        RecursionError: its lists or tables are nested too deep.
    """
    return tomllib.loads(read_text(path).removeprefix("\ufeff"))


def explain_toml(error: Exception, example: str) -> str:
    """Says why a file is no TOML, and what to do; ``example`` is a line of such a file.

    Example:
        >>> explain_toml(ValueError("Cannot overwrite a value (at line 2, column 6)"), "seed = 7")
        'a key or a table stands twice (at line 2, column 6); keep one of them'
    """
    if isinstance(error, RecursionError):
        return f"lists or tables are nested too deep; write lines such as {example}"
    if twice := _TWICE.match(str(error)):
        return f"a key or a table stands twice {twice[1]}; keep one of them"
    return f"no TOML ({first_line(error)}); write lines such as {example}"
