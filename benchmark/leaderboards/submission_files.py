"""Our own runs as submissions: a folder for each configuration, with a card and compact scores."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w
from scipy.special import expit, logit

from benchmark.leaderboards.groups import Group, by_table, group_runs
from benchmark.leaderboards.labels import factor_out, find_differences
from benchmark.runs.folder import Run
from benchmark.runs.submissions.card import CARD, CONFIGURATION, DATA, find_card_problems, read_card
from benchmark.runs.submissions.card_keys import NAME
from benchmark.runs.submissions.folder import SCORES_IN, VAL_SCORES_IN
from benchmark.runs.submissions.scores import LOGIT, SEED
from ffpms.errors import writing
from ffpms.hashing import digest
from ffpms.regular_files import read_text
from ffpms.schema import Split
from ffpms.storage import whole_file, write_whole

FOLDER = "board"
"""Folder of the submissions, below that of the leaderboard."""
_HEAD = (
    "# Scores of ffpms bench, written by ffpms leaderboard --to board. Fill in authors, url and licence\n"
    "# before you hand it in (docs/board.md). Written again, it keeps them, the title, the date and the notes.\n\n"
)
_KEPT = ("title", "authors", "url", "licence", "date")
"""Keys that somebody may have filled in."""
_LONGEST = 64
_CERTAIN = 1000.0
"""Logit of a score of 1; its negative is that of 0."""

Command = Callable[[Sequence[Run]], str]
"""Writes the command that trains the runs of a row."""


@dataclass(frozen=True)
class _Entry:
    """A submission to write: its runs, the name of its method, and its folder."""

    group: Group
    name: str
    folder: Path

    @property
    def first(self) -> Run:
        return self.group.runs[0]


def write_submissions(runs: list[Run], root: Path, out: Path, command: Command) -> tuple[list[Path], list[str]]:
    """Writes a folder for each configuration and set, with all its seeds.

    Returns the folders, and a line on each row that is left out. ``root`` is the folder of runs.

    Raises:
        StorageError: the folder cannot be written to.
    """
    folders, left_out = list[Path](), list[str]()
    for entry in _list_entries(runs, out / FOLDER):
        if not (why := _refuse(entry.group, runs)):
            card = _fill_in(entry, root, command)
            why = "; ".join(find_card_problems(card))
        if why:
            left_out.append(f"{entry.group.method}: {why}")
        else:
            _write(entry, _HEAD + tomli_w.dumps(card))
            folders.append(entry.folder)
    return folders, left_out


def _list_entries(runs: list[Run], place: Path) -> Iterable[_Entry]:
    """Lists a submission for each row of each table, below a folder for each set."""
    several = pd.Series({name: own[0].dataset for name, own, _ in by_table(runs)}).duplicated(keep=False)
    for table, own, _ in by_table(runs):
        groups = [group for group in group_runs(own) if group.table == table]
        folder = place / _plain(table if several[table] else own[0].dataset).lower()
        names = _name({group.method: group.runs[0].method for group in groups})
        yield from (_Entry(group, names[group.method], folder / names[group.method]) for group in groups)


def _name(methods: Mapping[str, str]) -> dict[str, str]:
    """Names the method of each label: as it is, with its settings where several rows have it.

    Example:
        >>> _name({"s-mil [lr=0.1, epochs=2]": "s-mil", "s-mil [epochs=2]": "s-mil"})
        {'s-mil [lr=0.1, epochs=2]': 's-mil-lr-0.1', 's-mil [epochs=2]': 's-mil'}
    """
    names = dict[str, str]()
    for method in dict.fromkeys(methods.values()):
        own = [label for label, name in methods.items() if name == method]
        short = factor_out(own)[0] if len(own) > 1 else {own[0]: method}
        names |= {label: _shorten(_plain(text)) for label, text in short.items()}
    return {label: names[label] for label in methods}


def _plain(text: str) -> str:
    """Makes a name of folders and methods of a label or of a set's name."""
    return re.sub("[^A-Za-z0-9._]+", "-", text).strip("-")


def _shorten(name: str) -> str:
    if len(name) <= _LONGEST and NAME.fullmatch(name):
        return name
    return f"{name[: _LONGEST - 9]}-{digest(name.encode())[:8]}"


def _refuse(group: Group, runs: list[Run]) -> str:
    """Says why a row cannot be a submission; '' if it can."""
    first, seeds = group.runs[0], [run.seed for run in group.runs]
    if group.external and not first.card:
        return "another tool's scores without a card; write one by docs/board.md"
    if first.proposals is not None:
        return "has proposals in slots, where a submission has seconds; hand in its JSON file"
    if len(set(seeds)) < len(seeds):
        return "was trained on each manipulation alone, and a submission scores every bag with one detector"
    every = {kind for run in runs if run.data_sha256 == first.data_sha256 for kind in run.manipulations}
    if lacking := sorted(every - set(first.manipulations)):
        return f"has no scores of {', '.join(lacking)}, and a submission scores every bag"
    return ""


def _write(entry: _Entry, card: str) -> None:
    runs = entry.group.runs
    with writing(entry.folder):
        entry.folder.mkdir(parents=True, exist_ok=True)
        _write_scores(entry.folder / f"{SCORES_IN}.parquet", {run.seed: run.scores for run in runs})
        if all(len(run.val) for run in runs) and not entry.first.origin:
            videos = {run.seed: run.val[run.val["level"] == "video"] for run in runs}
            _write_scores(entry.folder / f"{VAL_SCORES_IN}.parquet", videos)
        write_whole(entry.folder / CARD, card)


def _write_scores(path: Path, by_seed: Mapping[int | None, pd.DataFrame]) -> None:
    """Writes the scores of trainings, by seed and bag, as the logits of which they are made.

    A logit of 4 bytes gives the same score to the last bit. Where it does not, scores are written.
    """
    parts = [own if seed is None else own.assign(**{SEED: seed}) for seed, own in by_seed.items()]
    rows = pd.concat(parts).reset_index(drop=True)
    with np.errstate(divide="ignore"):
        small = np.clip(logit(rows["score"].to_numpy()), -_CERTAIN, _CERTAIN).astype(np.float32)
    name, values = (LOGIT, small) if _is_exact(small, rows["score"].to_numpy()) else ("score", rows["score"].to_numpy())
    columns = {"bag_id": pa.array(rows["bag_id"]).dictionary_encode(), "slot": pa.array(rows["slot"], pa.int16())}
    if rows.duplicated([*([SEED] if SEED in rows else []), "bag_id", "slot"]).any():
        columns["track_id"] = pa.array(rows["track_id"], pa.int16())
    columns |= {SEED: pa.array(rows[SEED], pa.int32())} if SEED in rows else {}
    names, table = list(columns), pa.table(columns | {name: pa.array(values)})
    with whole_file(path) as file:
        pq.write_table(table, file, compression="zstd", use_dictionary=names, use_byte_stream_split=[name])


def _is_exact(small: np.ndarray, score: np.ndarray) -> bool:
    return bool(np.isfinite(small).all() and np.array_equal(expit(small.astype(np.float64)), score))


def _fill_in(entry: _Entry, root: Path, command: Command) -> dict[str, Any]:
    """Fills in the card: what the runs know, and what somebody wrote into it before."""
    older, first = read_card(entry.folder / CARD)[0], entry.first
    card = _describe(entry, root, command) if first.card is None else dict(first.card.content)
    card |= {DATA: {"name": first.dataset, "sha256": first.data_sha256[:12]}}
    if older:
        card |= {key: older.content[key] for key in _KEPT if key in older.content}
        notes = older.configuration.get("notes")
        card[CONFIGURATION] = card[CONFIGURATION] | ({"notes": notes} if notes else {})
    last = {name: card.pop(name) for name in (DATA, CONFIGURATION)}
    return card | {"method": entry.name} | last


def _describe(entry: _Entry, root: Path, command: Command) -> dict[str, Any]:
    """Describes runs of ours as a card does."""
    first, runs = entry.first, entry.group.runs
    title = f"{entry.name}, trained by ffpms bench"
    about: dict[str, Any] = {"method": entry.name, "title": title, "authors": [], "url": "", "licence": ""}
    own, settings = first.origin or first, first.settings
    configuration = {
        "training": "other data" if first.origin else "train split",
        "trained_on": f"train split of {own.dataset} ({', '.join(own.manipulations)})",
        "chosen": "epoch" if settings.get("select", "last") != "last" else "",
        "chosen_on": _chosen_on(first),
        **{key: settings[key] for key in ("backbone", "train_mix", "epochs") if key in settings},
        "weights": _weights(settings),
        "size": settings.get("input_size") or own.shown,
        "seeds": [run.seed for run in runs],
        "trainings": [run.training for run in runs],
        "settings": list(find_differences(own)),
        "hardware": _hardware(root, runs),
        "code": own.code_sha256[:12],
        "command": command(runs),
    }
    told = {key: value for key, value in configuration.items() if value and (key != "trainings" or all(value))}
    return about | {"date": date.today(), CONFIGURATION: told}


def _chosen_on(run: Run) -> str:
    if run.settings.get("select", "last") == "last":
        return "none"
    return "other data" if run.origin else str(Split.VAL)


def _weights(settings: Mapping[str, Any]) -> str:
    if own := settings.get("weights_sha256"):
        return own if own == "packaged" else f"a file of SHA-256 {own[:12]}"
    return "timm's pretrained" if settings.get("pretrained") else "none"


def _hardware(root: Path, runs: Sequence[Run]) -> str:
    """Returns the devices of trainings, each once, as their runs stored them."""
    found = dict[str, None]()
    for run in runs:
        with suppress(OSError, ValueError, KeyError, TypeError):  # the report says what is damaged
            found[str(json.loads(read_text(root / run.run_id / "environment.json"))["device"])] = None
    return ", ".join(found)
