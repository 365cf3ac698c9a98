"""Fills the tables of docs/results.md with what the committed scores give, and draws its pictures.

Usage: python -m scripts.results_page

In the page a table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmark.experiments import localisation
from benchmark.figures.fake_rate import COLUMNS
from benchmark.figures.plotting import write_curve
from benchmark.leaderboards.board import make_board
from benchmark.leaderboards.rendering.tables import Number as Cell
from benchmark.stats.bootstrap import N_RESAMPLES
from benchmark.stats.comparison import Comparison, compare
from benchmark.stats.significance import ALPHA, holm
from scripts.committed_scores import (
    END_TO_END,
    HEADS,
    MIXES,
    ON_GRID,
    RATES,
    RESULTS,
    ROOT,
    Committed,
    Place,
    read_gradients,
    read_segment_runs,
)
from scripts.seed_means import Line, Number

PAGE = ROOT / "docs" / "results.md"
MANIPULATIONS = ("DF", "F2F", "FS", "NT")
COUPLES = (
    *(("s-mil", other) for other in ("xn-avg", "mil", "xn-max", "lstm")),
    *(("s-mil-t", "s-mil"), ("transmil", "s-mil"), ("transmil", "xn-max")),
)
"""Methods whose difference the paper reports, or a reader asks for."""
OF_HEADS = (*COUPLES, ("xn-avg", "xn-max"))
"""The same of heads, of which the page says more."""
MAXIMA = (("s-mil", "xn-max"), ("s-mil", "max"))
"""Methods whose difference over all test bags says whether attention beats a maximum."""
OVER_MIXES = (("s-mil", "xn-avg"), ("s-mil", "xn-max"))
"""Methods of which the first is also trained on the recipe where the other is trained on whole fakes."""
FEW = (1, 2, 5, 20)
"""Numbers of fake frames of 20 at which they are tested."""


def markdown(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Writes a table in Markdown."""
    names = list(head)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tabulate_pools(scores: Committed) -> str:
    """All methods, the best AUC on the recipe first."""
    return _tabulate_methods(scores, {"AUC": lambda line: scores.number("auc", line.rows)})


def tabulate_accuracies(scores: Committed) -> str:
    """Accuracy at 0.5 and at the threshold of val, in the same order."""
    return _tabulate_methods(
        scores,
        {
            "accuracy at 0.5": lambda line: scores.number("accuracy", line.rows),
            "at val's threshold": scores.accuracy_val,
        },
    )


def _tabulate_methods(scores: Committed, measures: Mapping[str, Callable[[Line], Number]]) -> str:
    """A row a method, the best AUC on the recipe first; a column for each measure and mix."""
    mixes = [mix for mix in MIXES if mix in {mix for _, mix in scores.lines}]
    columns = [(title, mix) for title in measures for mix in mixes]
    ranked = _rank_on_recipe(scores)
    rows = ([name, *(measures[title](scores.lines[name, mix]) for title, mix in columns)] for name in ranked)
    return markdown(("method", *(f"{title}, {mix}" for title, mix in columns)), rows)


def _rank_on_recipe(scores: Committed) -> dict[str, Number]:
    """Returns each method's AUC on the recipe, the best first."""
    of_recipe = {
        method: scores.number("auc", line.rows) for (method, mix), line in scores.lines.items() if mix == "recipe"
    }
    return dict(sorted(of_recipe.items(), key=lambda pair: -pair[1].value))


def tabulate_leads(scores: Committed) -> str:
    """What the best method on the recipe has more than each other.

    Holm's correction is over every two of them, for nobody named the best before.
    """
    best = next(iter(_rank_on_recipe(scores)))
    return _tabulate_on_recipe(one for one in _compare_on_recipe(scores) if one.method == best)


def tabulate_maxima(scores: Committed) -> str:
    """What S-MIL has more than a maximum over all test bags, corrected as the leads of the best are."""
    return _tabulate_on_recipe(one for one in _compare_on_recipe(scores) if (one.method, one.other) in MAXIMA)


def _tabulate_on_recipe(found: Iterable[Comparison]) -> str:
    rows = ([f"{one.method} - {one.other}", _write(one, one.p_holm < ALPHA)] for one in found)
    return markdown(("difference", "AUC, recipe"), rows)


def _compare_on_recipe(scores: Committed) -> list[Comparison]:
    """Compares every two methods trained on the recipe, the better one first."""
    ranked = _rank_on_recipe(scores)
    return compare(auc.entry(name, scores.lines[name, "recipe"].trainings) for name, auc in ranked.items())


def tabulate_manipulations(scores: Committed) -> str:
    """AUC of each manipulation's fakes against all real videos."""
    rows = (
        [line.method, line.mix, *(scores.number("auc", [own.of(kind) for own in line.rows]) for kind in MANIPULATIONS)]
        for line in scores.of()
    )
    return markdown(("method", "trained on", *MANIPULATIONS), rows)


def tabulate_rates(scores: Committed) -> str:
    """AUC against the number of fake frames."""
    head = ("method", "trained on", *(f"{n} of 20" for n in RATES))
    return markdown(
        head, ([line.method, line.mix, *(scores.at(line, n) for n in RATES)] for line in scores.of(ON_GRID))
    )


def tabulate_differences(scores: Committed, of: Sequence[tuple[str, str]] = OF_HEADS) -> str:
    """Differences in AUC, tested over pairs and trainings, with Holm's correction over the table."""
    couples = [[(method, mix) for method in couple] for mix in MIXES for couple in of]
    couples += [list(zip(couple, MIXES, strict=True)) for couple in OVER_MIXES]
    there = [couple for couple in couples if set(couple) <= set(scores.lines)]
    found = [[_compare(scores, couple, n) for n in FEW] for couple in there]
    stands = iter(holm([one.p for row in found for one in row]) < ALPHA)
    rows = [
        [" - ".join(method for method, _ in couple), " - ".join(dict.fromkeys(mix for _, mix in couple))]
        + [_write(one, bool(next(stands))) for one in row]
        for couple, row in zip(there, found, strict=True)
    ]
    return markdown(("difference", "trained on", *(f"{n} of 20" for n in FEW)), rows)


def _compare(scores: Committed, couple: Sequence[tuple[str, str]], n_fake: int) -> Comparison:
    """Compares two lines at a number of fake frames."""
    lines = [scores.lines[name] for name in couple]
    return compare([scores.at(line, n_fake).entry(f"{line.method} {line.mix}", line.trainings) for line in lines])[0]


def _write(one: Comparison, stands: bool) -> str:
    """Writes a difference with its interval if it has one, and a star if it stands."""
    interval = "" if isnan(one.p) else f" [{100 * one.ci_low:.1f}, {100 * one.ci_high:.1f}]"
    return f"{100 * one.difference:+.1f}{interval}{' *' if stands else ''}"


def tabulate_levels(scores: Committed) -> str:
    """AUC on the same videos in other compressions."""
    rows = (
        [line.method, line.mix, *(scores.number("auc", own.rows) for own in scores.levels(line))]
        for line in scores.of()
    )
    return markdown(("method", "trained on", "c40", "c23", "raw"), rows)


def tabulate_gradients(_: Committed) -> str:
    """What the loss of a fake test video would still teach, and whom."""
    by_line = read_gradients().groupby(["method", "mix", "low", "high"], sort=False, as_index=False)
    means = by_line.mean(numeric_only=True)
    rows = [
        [r["method"], r["mix"], f"{r['low']} to {r['high']}", f"{r['push']:.3f}", f"{r['aim'] / r['share']:.2f}"]
        for r in means.to_dict("records")
    ]
    head = ("method", "trained on", "fake frames of 20", "gradient left", "of it on fake frames, over their share")
    return markdown(head, rows)


def tabulate_other_pools(scores: Committed) -> str:
    """What the frame scores of each method give when a mean or a maximum pools them."""
    rows = (
        [line.method, line.mix, scores.number("auc", line.frame_rows), scores.number("auc", line.rows)]
        + [scores.number("auc", line.pooled(rule)) for rule in ("mean", "max")]
        for line in scores.of()
    )
    return markdown(("method", "trained on", "frame AUC", "own pool", "mean of frames", "maximum of frames"), rows)


def tabulate_alarms(scores: Committed) -> str:
    """What the threshold of 0.5 finds: false alarms, and fakes."""

    def share(line: Line, label: int) -> str:
        each = [100 * (table.loc[table["y_true"] == label, "score"] >= 0.5).mean() for table in line.tables.values()]
        return f"{pd.Series(each).mean():.0f}"

    rows = ([line.method, line.mix, share(line, 0), share(line, 1)] for line in scores.of())
    return markdown(("method", "trained on", "real videos called fake (%)", "fakes found (%)"), rows)


def tabulate_segments(_: Committed) -> str:
    """What each method finds of the segments of fake frames."""
    with TemporaryDirectory() as folder:
        runs = read_segment_runs(Path(folder))
        tables = list(localisation.tabulate_segments(make_board(runs, in_buckets=()).cells, runs))
    names = {label: label.split()[0] for table in tables for label, _ in table.rows if label.endswith("]")}
    return "\n\n".join(
        markdown(
            [table.title.split(",")[0], *table.columns],
            ([names.get(label, label), *(_round(number) for number in numbers)] for label, numbers in table.rows),
        )
        for table in tables
    )


def _round(number: Cell | None) -> str:
    """Writes a number of a leaderboard's table, to a tenth."""
    return "" if number is None else f"{number.value:.1f} {number.spread}"


Table = Callable[[Committed], str]
_OF_HEADS: dict[str, Table] = {
    "pools": tabulate_pools,
    "accuracies": tabulate_accuracies,
    "leads": tabulate_leads,
    "maxima": tabulate_maxima,
    "manipulations": tabulate_manipulations,
    "rates": tabulate_rates,
    "differences": tabulate_differences,
    "levels": tabulate_levels,
    "gradients": tabulate_gradients,
    "alarms": tabulate_alarms,
    "other_pools": tabulate_other_pools,
    "segments": tabulate_segments,
}
_END_TO_END: dict[str, Table] = {
    "pools": tabulate_pools,
    "accuracies": tabulate_accuracies,
    "rates": tabulate_rates,
    "differences": partial(tabulate_differences, of=COUPLES),
    "manipulations": tabulate_manipulations,
    "other_pools": tabulate_other_pools,
}
TABLES: dict[str, tuple[Place, Table]] = {
    **{name: (HEADS, table) for name, table in _OF_HEADS.items()},
    **{f"end_to_end_{name}": (END_TO_END, table) for name, table in _END_TO_END.items()},
}
"""The tables of the page, each with where its scores lie."""


def fill(page: str, n_resamples: int = N_RESAMPLES) -> str:
    """Writes each table of the page anew; intervals are made of so many resamples."""

    def table(match: re.Match[str]) -> str:
        place, tabulate = TABLES[match[1]]
        return f"<!-- table: {match[1]} -->\n\n{tabulate(read_scores(place, n_resamples))}\n\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", table, page, flags=re.DOTALL)


read_scores = cache(Committed)
"""Reads the scores of a place, once."""


def draw(scores: Committed, what: str, suffix: str = "") -> None:
    """Draws AUC against fake rate of what was trained, a picture a mix."""
    for mix in dict.fromkeys(line.mix for line in scores.of(ON_GRID)):
        points = [
            (line.method, n / 20, n / 20, "auc", number.value, *number.interval, len(number.rows.label))
            for line in scores.of(ON_GRID)
            if line.mix == mix
            for n in RATES
            for number in [scores.at(line, n)]
        ]
        title = f"{what}, trained on {mix}: video AUC against fake rate"
        with TemporaryDirectory() as folder:
            picture, _ = write_curve(pd.DataFrame(points, columns=COLUMNS), Path(folder) / "curve.png", title)
            shutil.copyfile(picture, RESULTS / f"rates-{mix}{suffix}.png")


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    draw(read_scores(HEADS, N_RESAMPLES), "Heads")
    draw(read_scores(END_TO_END, N_RESAMPLES), "End to end", "-end-to-end")
