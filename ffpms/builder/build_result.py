"""BuildReport: the result of a build, for the caller of ``build``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.protocol.listing import copies_across_splits
from ffpms.protocol.naming import explain_name
from ffpms.schema import WITH_PIXELS, Status
from ffpms.sources.listing import Listing


@dataclass(frozen=True)
class BuildReport:
    """The result of a build.

    It has the counts of ``build.json`` and one line per source that could not be used.
    """

    out: Path
    summary: dict[str, Any]
    problems: list[str]
    already_done: bool
    rewritten: tuple[str, ...] = ()

    @property
    def n_failed(self) -> int:
        """Number of sources that could not be used."""
        return sum(n for status, n in self.summary["counts"]["sources"].items() if status not in {"all", *WITH_PIXELS})

    @property
    def is_empty(self) -> bool:
        """Whether no bag has a face."""
        return Status.OK not in self.summary["counts"]["videos"]

    def describe_emptiness(self) -> str:
        """Says why no bag has a face, and what to do."""
        counts = {status: n for status, n in self.summary["counts"]["videos"].items() if status != "all"}
        todo = ["see the lines above"] if counts.keys() - {Status.NO_FACE} else []
        if Status.NO_FACE in counts:
            todo.append("give videos with larger faces, or another --finder")
        count = ", ".join(f"{n} {status}" for status, n in counts.items())
        return f"not one bag could be built ({count}); {'; '.join(todo)}"

    def describe(self) -> str:
        """Returns the text that ``ffpms build`` prints at its end."""
        if self.rewritten:
            return f"{self.out}: complete but for {' and '.join(self.rewritten)}: written again"
        reasons = self.summary["reasons"]
        why = [explain_name(self.summary["dataset"], reasons)] if reasons else []
        if self.already_done:
            done = f"complete already, nothing to do (--retry-failed does {self.n_failed} failed again)"
            return "\n".join([f"{self.out}: {done}", *why])
        counts, name = self.summary["counts"], self.summary["dataset"]
        seconds = self.summary["seconds"]
        lines = [f"{what}: " + ", ".join(f"{n} {status}" for status, n in counts[what].items()) for what in counts]
        return "\n".join([f"{self.out}: {name} built in {seconds} s", *lines, *why])


def list_problems(sources: pd.DataFrame, listing: Listing) -> list[str]:
    """Returns the notes on a listing, and one line per source that could not be used.

    More than three missing videos of one folder share a line. What a table lists is named as there.
    """
    lines = list(listing.notes)
    bad = sources[sources["status"] != Status.OK]
    for (kind, split, status), group in bad.groupby(["manipulation", "split", "status"], sort=False):
        if status == Status.MISSING and len(group) > 3:
            folder = group["path"].iloc[0].rpartition("/")[0]
            todo = listing.corpus.advise("not found; download them")
            lines.append(f"{folder}: {len(group)} {kind} videos of the {split} split {todo}")
        else:
            lines += [f"{_name(row['path'], listing)}: {row['error']}" for row in group.to_dict("records")]
    return [*lines, *(f"{path}: {what}; download both again" for path, what in copies_across_splits(sources))]


def _name(path: str, listing: Listing) -> str:
    """Names a video by its path, or as its table does, with the line."""
    return f"{own.path} ({own.where})" if (own := listing.written.get(path)) else path
