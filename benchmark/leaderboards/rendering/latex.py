"""Tables as LaTeX, to be \\input; they need the package booktabs."""

from collections.abc import Iterable, Mapping

from benchmark.leaderboards.rendering.tables import Table, explain, format_number
from benchmark.stats.comparison import BEST, BEST_TESTED, LIKE_BEST

_ESCAPES = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "†": r"$^\dagger$",
    "‡": r"$^\ddagger$",
    "±": r"$\pm$",
    "−": "$-$",
    "[": "{[}",
    "]": "{]}",
}
_MARKS = {BEST: r"\textbf{{{}}}", LIKE_BEST: r"{}$^\dagger$", BEST_TESTED: r"{}$^\ddagger$"}


def render_latex(tables: Iterable[Table], notes: Mapping[str, str] | None = None) -> str:
    """A ``table`` for each data set and metric, with its explanation in its caption.

    The ``notes`` say why sets have not the official name.
    """
    return "% needs \\usepackage{booktabs}\n\n" + "\n".join(_table(table, notes or {}) for table in tables)


def _table(table: Table, notes: Mapping[str, str]) -> str:
    own = [f"{note}." for name, note in notes.items() if table.title.endswith(f", {name}")]
    caption = " ".join(filter(None, [f"{table.title}.", table.shared, *explain([table]), *own]))
    rows = [
        " & ".join([escape(name), *(format_number(n, _MARKS, escape) for n in numbers)]) for name, numbers in table.rows
    ]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\footnotesize",
            rf"\caption{{{escape(caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
            r"\toprule",
            " & ".join(["method", *map(escape, table.columns)]) + r" \\",
            r"\midrule",
            *(f"{row} \\\\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_ESCAPES.get(sign, sign) for sign in text)
