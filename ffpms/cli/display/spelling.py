"""Spells out what the encoding of a terminal lacks, in ASCII that says the same.

A name on disk may hold bytes that are no text, and a terminal may know ASCII alone.
"""

import codecs
import io
import sys

_SPELLINGS = {
    "−": "-",
    "–": "-",
    "—": "-",
    "±": "+/-",
    "†": "~",
    "‡": "#",
    "…": "...",
    "·": "-",
    "×": "x",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "“": '"',
    "”": '"',
    "’": "'",
    "━": "-",
}
_HANDLER = "ffpms.spelled"


def spell(text: str, encoding: str) -> str:
    r"""Returns the text as a stream of that encoding will show it.

    Example:
        >>> spell("67.5 ± 1.2 é", "ascii")
        '67.5 +/- 1.2 \\xe9'
    """
    return text.encode(encoding, _HANDLER).decode(encoding)


def spell_streams() -> None:
    """Lets stdout and stderr show every text: what their encoding lacks is spelled out."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    r"""Replaces what cannot be encoded: by its spelling, or by its escape such as ``\xff``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    escaped = (_SPELLINGS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking)
    return "".join(escaped), error.end


codecs.register_error(_HANDLER, _spelled)
