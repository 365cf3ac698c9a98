"""PublishedRecipe: reads what ``ffpms export --recipe-only`` wrote, which may be a stranger's."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ffpms.dataset.set_files import TABLES, corpus_of
from ffpms.errors import ManifestError, unreadable
from ffpms.export.formats.recipe import RECIPE, SPLITS, seal
from ffpms.hashing import file_digest
from ffpms.parquet import read_table
from ffpms.protocol.splits import Pairs, read_pairs
from ffpms.regular_files import read_text
from ffpms.sources.corpus import Corpus

AGAIN = "get the recipe anew"


@dataclass(frozen=True)
class PublishedRecipe:
    """A recipe: the settings of a build, its tables, and its id pairs unless they are official.

    ``whole`` is False if it has some bags of a set alone.
    """

    folder: Path
    about: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    pairs: Pairs | None

    @property
    def corpus(self) -> Corpus:
        """Whose videos its set was built from.

        Raises:
            ManifestError: this version knows no such corpus.
        """
        return corpus_of(self.about, str(self.folder / RECIPE), AGAIN)

    @property
    def whole(self) -> bool:
        """Whether it has all bags of its set."""
        return bool(self.about.get("whole"))

    @classmethod
    def read(cls, folder: Path) -> "PublishedRecipe":
        """Reads a recipe, and checks its tables against their hashes.

        Raises:
            ManifestError: there is none, or a file of it is damaged or of another version.
        """
        about = _read_about(folder)
        tables = {}
        for name, sha256 in about["sha256"].items():
            path = folder / name
            schema = TABLES.get(Path(name).stem) if name.endswith(".parquet") and "/" not in name else None
            if schema is None:
                raise ManifestError(f"{folder / RECIPE}: names {name[:40]!a}, no table of a recipe; {AGAIN}")
            tables[path.stem] = read_table(path, schema, AGAIN)
            if file_digest(path) != sha256:
                raise ManifestError(f"{path}: is not what was exported; {AGAIN}")
        if missing := {"videos", "frames", "sources"} - tables.keys():
            raise ManifestError(f"{folder}: has no {sorted(missing)[0]}.parquet; {AGAIN}")
        splits = folder / SPLITS
        return cls(folder, about, tables, read_pairs(splits) if splits.exists() else None)


def _read_about(folder: Path) -> dict[str, Any]:
    path = folder / RECIPE
    try:
        about = json.loads(read_text(path))
    except (FileNotFoundError, NotADirectoryError):
        what = f"no recipe ({RECIPE} is not in it); make one with 'ffpms export DATA --recipe-only'"
        raise ManifestError(f"{folder}: {what}") from None
    except OSError as error:
        raise ManifestError(f"{path}: {unreadable(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: no whole JSON ({error}); {AGAIN}") from None
    parts = about.get("sha256") if isinstance(about, dict) else None
    if not isinstance(parts, dict) or not isinstance(about.get("config"), dict):
        raise ManifestError(f"{path}: not written by 'ffpms export'; give the folder of a recipe")
    if about != seal(about):
        what = "was changed since it was exported"
        raise ManifestError(f"{path}: {what}; {AGAIN}, or build with other settings by 'ffpms build'")
    return dict(about)
