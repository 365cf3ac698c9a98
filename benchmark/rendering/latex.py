"""Tables as LaTeX, to be \\input; they need the package booktabs."""

import re

import pandas as pd

from benchmark.rendering.markdown import format_number
from benchmark.rendering.tables import Number, Table, explain, make_tables

_ESCAPES = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "†": r"$^\dagger$",
    "±": r"$\pm$",
    "−": "$-$",
    "[": "{[}",
    "]": "{]}",
}


def render_latex(cells: pd.DataFrame) -> str:
    """A ``table`` for each data set and metric, with its explanation in its caption."""
    return "% needs \\usepackage{booktabs}\n\n" + "\n".join(_table(table) for table in make_tables(cells))


def _table(table: Table) -> str:
    caption = " ".join([f"{table.title}.", *explain([table])])
    rows = [" & ".join([escape(name), *map(_cell, numbers)]) for name, numbers in table.rows]
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


def _cell(number: Number | None) -> str:
    """A number of a Markdown table, with LaTeX's bold."""
    return re.sub(r"\*\*(.+)\*\*", r"\\textbf{\1}", escape(format_number(number)))


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_ESCAPES.get(sign, sign) for sign in text)
