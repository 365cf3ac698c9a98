"""The leaderboard: every number recomputed from stored scores, without a model."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.metrics import accuracy, auc
from benchmark.runs import Run
from benchmark.stats import interval, resample, resample_accuracy, resample_auc
from ffpms.errors import ManifestError
from ffpms.schema import Manipulation

THRESHOLD = 0.5
BUCKET = 5
"""Width of a fake-rate bucket in percent: one level of a 20-frame bag."""
COLUMNS = (
    *("method", "dataset", "manipulation", "fake_rate_bucket", "metric", "value", "ci_low", "ci_high"),
    *("n_videos", "threshold", "seeds", "run_ids", "source"),
)


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but seed and training manipulations: one row of the table."""

    method: str
    dataset: str
    runs: tuple[Run, ...]


def bucket_of(fake_rate: pd.Series) -> pd.Series:
    """``5-10%`` holds the rates from 5 up to but not including 10 percent; ``95-100%`` includes 100. Real bags: ''."""
    low = np.minimum(np.floor(fake_rate * 100 / BUCKET), 100 / BUCKET - 1).astype(int) * BUCKET
    names: pd.Series = low.astype(str) + "-" + (low + BUCKET).astype(str) + "%"
    return names.where(fake_rate > 0, "")


def group_runs(runs: list[Run]) -> list[Group]:
    """Groups runs by configuration and data; a method with several configurations is told apart by what differs.

    Raises:
        ManifestError: there is no finished run.
    """
    if not runs:
        raise ManifestError("no finished run; make one with 'ffpms bench'")
    grouped: dict[tuple[tuple[str, object], ...], list[Run]] = {}
    for run in runs:
        grouped.setdefault(_key(run), []).append(run)
    labels = _labels(list(grouped))
    return [
        Group(labels[key], members[0].dataset, tuple(sorted(members, key=lambda run: run.config.seed)))
        for key, members in grouped.items()
    ]


def _key(run: Run) -> tuple[tuple[str, object], ...]:
    settings = asdict(run.config) | {"data": run.data_sha256[:8], "code": run.code_sha256[:8]}
    trained_on = settings.pop("manipulations")
    settings["train_on"] = "+".join(trained_on) if len(trained_on) > 1 else "each"
    del settings["seed"]
    return tuple(sorted(settings.items()))


def _labels(keys: list[tuple[tuple[str, object], ...]]) -> dict[tuple[tuple[str, object], ...], str]:
    """``s-mil``, or ``s-mil [epochs=2]`` where the table has another s-mil."""
    settings = {key: dict(key) for key in keys}
    labels = {}
    for key, own in settings.items():
        rivals = [s for s in settings.values() if s["method"] == own["method"]]
        differing = [f"{k}={own[k]}" for k in own if any(r[k] != own[k] for r in rivals)]
        labels[key] = str(own["method"]) + (f" [{', '.join(differing)}]" if differing else "")
    return labels


def tabulate(runs: list[Run]) -> pd.DataFrame:
    """All cells of all groups, in the columns of ``leaderboard.csv``."""
    rows = [cell for group in group_runs(runs) for cell in _cells(group)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _cells(group: Group) -> Iterator[dict[str, object]]:
    """The cells of one method: by manipulation, then by fake-rate bucket."""
    joint = all(len(run.config.manipulations) > 1 for run in group.runs)
    covered = [m for m in Manipulation if any(m in run.config.manipulations for run in group.runs)]
    for manipulation in [*(["all"] if joint else []), *covered]:
        runs = [r for r in group.runs if manipulation == "all" or manipulation in r.config.manipulations]
        tables = [_with_buckets(run.scores, manipulation) for run in runs]
        for bucket in ["all", *sorted(set(tables[0]["bucket"]) - {""}, key=lambda b: int(b.partition("-")[0]))]:
            chosen = [t if bucket == "all" else t[t["bucket"].isin(["", bucket])] for t in tables]
            for cell in _metrics(chosen):
                about = {"method": group.method, "dataset": group.dataset, "manipulation": str(manipulation)}
                seeds = ";".join(str(run.config.seed) for run in runs)
                ids = ";".join(run.run_id for run in runs)
                yield about | {"fake_rate_bucket": bucket} | cell | {"seeds": seeds, "run_ids": ids, "source": "ours"}


def _with_buckets(scores: pd.DataFrame, manipulation: str) -> pd.DataFrame:
    """The originals and the fakes of a manipulation, with the bucket of their bag."""
    kept = scores["manipulation"].isin([Manipulation.ORIGINAL, manipulation]) | (manipulation == "all")
    return scores[kept].assign(bucket=lambda t: bucket_of(t["fake_rate"]))


def _metrics(tables: list[pd.DataFrame]) -> Iterator[dict[str, object]]:
    """Accuracy and AUC of videos, AUC of frames: the mean over seeds, with its interval."""
    for metric, level, threshold in (
        ("accuracy", "video", THRESHOLD),
        ("auc", "video", None),
        ("frame_auc", "frame", None),
    ):
        at_level = [t[t["level"] == level] for t in tables]
        values = [metric_value(metric, t) for t in at_level]
        if np.isfinite(values).all():
            low, high = mean_interval(metric, at_level)
            n_videos = at_level[0]["bag_id"].nunique()
            yield {
                "metric": metric,
                "value": float(np.mean(values)),
                "ci_low": low,
                "ci_high": high,
                "n_videos": n_videos,
                "threshold": threshold,
            }


def metric_value(metric: str, table: pd.DataFrame) -> float:
    """A metric of the rows of one level of one run."""
    label, score = table["y_true"].to_numpy(), table["score"].to_numpy()
    return accuracy(label, score, THRESHOLD) if metric == "accuracy" else auc(label, score)


def mean_interval(metric: str, tables: list[pd.DataFrame]) -> tuple[float, float]:
    """The interval of the mean over seeds, all scored on the same resamples; none from fewer than two pairs."""
    samples = []
    for table in tables:
        cluster, pairs = pd.factorize(table["pair_id"], sort=True)
        if len(pairs) < 2:
            return float("nan"), float("nan")
        resampled = resample_accuracy if metric == "accuracy" else resample_auc
        label, score = table["y_true"].to_numpy(), table["score"].to_numpy()
        samples.append(resampled(label, score, cluster, resample(len(pairs))))
    return interval(np.mean(samples, axis=0))


def write_leaderboard(cells: pd.DataFrame, out: Path) -> None:
    """``leaderboard.csv`` (long) and ``leaderboard.md`` (a method a row, a manipulation a column)."""
    cells.to_csv(out / "leaderboard.csv", index=False, lineterminator="\n", float_format="%.6f")
    (out / "leaderboard.md").write_text(render_markdown(cells), encoding="utf-8")


def render_markdown(cells: pd.DataFrame) -> str:
    """One table a metric in the shape of the paper's Table 1, in percent, the 95 % interval in brackets."""
    titles = {
        "accuracy": "Video accuracy at 0.5 (%)",
        "auc": "Video AUC (%)",
        "frame_auc": "Frame AUC (%)",
    }
    parts = []
    for dataset, of_set in cells[cells["fake_rate_bucket"] == "all"].groupby("dataset", sort=False):
        for metric, title in titles.items():
            chosen = of_set[of_set["metric"] == metric]
            if not chosen.empty:
                parts.append(f"### {title}, {dataset}\n\n{_table(chosen)}\n")
    return "\n".join(parts)


def _table(cells: pd.DataFrame) -> str:
    columns = list(dict.fromkeys(cells["manipulation"]))
    columns = [c for c in columns if c != "all"] + [c for c in columns if c == "all"]
    rows = [["method", *columns], ["---"] * (len(columns) + 1)]
    for method, own in cells.groupby("method", sort=False):
        by_column = {row["manipulation"]: row for row in own.to_dict("records")}
        rows.append([str(method), *(_cell(by_column.get(c)) for c in columns)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("| " + " | ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)) + " |" for row in rows)


def _cell(row: dict[object, float] | None) -> str:
    if row is None:
        return ""
    interval = "" if np.isnan(row["ci_low"]) else f" [{100 * row['ci_low']:.1f}, {100 * row['ci_high']:.1f}]"
    return f"{100 * row['value']:.2f}{interval}"
