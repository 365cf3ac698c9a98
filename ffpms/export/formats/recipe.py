"""Recipe: all of a set but its pixels, from which ``ffpms import`` builds it again."""

import json
from functools import partial
from typing import Any

import pandas as pd

import ffpms
from ffpms.dataset.card_head import table_configs
from ffpms.dataset.set_files import naming_settings, read_finished
from ffpms.export.format import ExportJob, Format, Step
from ffpms.export.tables import table_bytes, table_names, table_steps
from ffpms.export.terms import has_private_names
from ffpms.hashing import digest
from ffpms.protocol.splits import Pairs, is_safe_id
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpus import Corpus
from ffpms.sources.registry import TABLE
from ffpms.storage import write_whole

RECIPE = "recipe.json"
SPLITS = "splits"
"""Folder of the id pairs, unless they are those of FaceForensics++."""
SEAL = "recipe_sha256"
"""Field of ``recipe.json``: the hash of all others, which tells an edited one."""
WHICH_SET = "set"
"""Field of ``recipe.json``: the whole set's name and hash, and the splits of which it has all."""
_KEPT = ("ffpms", "dataset", "reasons", "config", "versions")
"""Fields of ``build.json`` that say nothing of the machine that it was built on."""


def make_steps(job: ExportJob) -> list[Step]:
    """Returns a step a table, then the id pairs, and the settings last."""
    pairs = pairs_of(job.selection.videos) if _has_other_pairs(job) else {}
    texts = {f"{SPLITS}/{split}.json": json.dumps(members, indent=2) + "\n" for split, members in pairs.items()}
    lists = [Step((job.out / name,), partial(write_whole, job.out / name, text)) for name, text in texts.items()]
    return [*table_steps(job), *lists, Step((job.out / RECIPE,), partial(_write, job))]


def pairs_of(videos: pd.DataFrame) -> Pairs:
    """Returns the id pairs of a VIDEO table; none if its videos are not paired so.

    Pairs of which both videos are in it come first, so that a limit takes the same ones.

    Example:
        >>> rows = {"split": "test", "manipulation": "original", "pair_id": "953_974"}
        >>> pairs_of(pd.DataFrame([rows | {"target_id": target} for target in ("953", "974")]))
        {'train': [], 'val': [], 'test': [('953', '974')]}
    """
    found: dict[tuple[str, tuple[str, str]], int] = {}
    for row in videos[videos["manipulation"] == ORIGINAL].to_dict("records"):
        first, dash, second = str(row["pair_id"]).partition("_")
        if not dash or row["target_id"] not in (first, second) or not (is_safe_id(first) and is_safe_id(second)):
            return {}
        key = str(row["split"]), (first, second)
        found[key] = found.get(key, 0) + 1
    ordered = sorted(found, key=lambda key: -found[key])
    return {split.value: [pair for own, pair in ordered if own == split] for split in Split}


def _has_other_pairs(job: ExportJob) -> bool:
    """Whether id pairs tell the set's videos, and others than the official ones."""
    return job.corpus.has_pairs and not naming_settings(read_finished(job.data.root)).has_official_pairs


def seal(about: dict[str, Any]) -> dict[str, Any]:
    """Adds the hash of the content of ``recipe.json``, however it is laid out.

    Example:
        >>> seal({"a": 1}) == seal(seal({"a": 1})), seal({"a": 1}) == seal({"a": 2})
        (True, False)
    """
    content = {name: value for name, value in about.items() if name != SEAL}
    return content | {SEAL: digest(json.dumps(content, sort_keys=True).encode())}


def _write(job: ExportJob) -> None:
    about: dict[str, Any] = {name: value for name, value in read_finished(job.data.root).items() if name in _KEPT}
    tables = {f"{name}.parquet": digest(table_bytes(job, name)) for name in table_names(job)}
    about |= {"whole": job.is_whole, WHICH_SET: _describe_set(job), "sha256": tables}
    write_whole(job.out / RECIPE, json.dumps(seal(about), indent=2) + "\n")


def _describe_set(job: ExportJob) -> dict[str, Any]:
    """Says which set it is, and of which of its splits the recipe has all bags."""
    own, every = (videos["split"].value_counts() for videos in (job.selection.videos, job.data.videos))
    splits = [str(split) for split in Split if own.get(split) == every.get(split)]
    name = {"name": job.data.name, "reasons": list(job.data.reasons)}
    return name | {"sha256": job.data.sha256, "splits": splits}


def source_flags(corpus: Corpus, table: str = "videos") -> str:
    """Returns the flags of ``ffpms import`` that name videos of a corpus, or a table of them.

    Example:
        >>> from ffpms.sources.registry import find_corpus
        >>> source_flags(find_corpus("dfdc")), source_flags(find_corpus("table"), "clips")
        ('--root /data/DFDC', '--table /data/clips.csv')
    """
    if corpus.name == TABLE:
        return f"--table /data/{table}.csv"
    return f"--{'ff-root' if corpus.name == FFPP.name else 'root'} /data/{corpus.title}"


def _describe(job: ExportJob) -> str:
    splits = f"- `{SPLITS}/`: the id pairs\n" if _has_other_pairs(job) else ""
    crops = "- `crops.parquet`: a row a stored crop\n" if job.is_whole else ""
    paths = " `path` and `error` are empty." if has_private_names(job.corpus) else ""
    table = read_finished(job.data.root)["config"].get("table", "")
    return f"""- `{RECIPE}`: the settings of the build, the versions, the hashes of the tables
- `videos.parquet`: a row a bag, with its label
- `frames.parquet`: a row a slot, with frame, label, box and the hash of its crop. With `--faces all` a row a face
- `sources.parquet`: a row a video, with its length and hash.{paths}
- `grid.parquet`: mixes at every fake rate
{crops}{splits}
{_owner(job)} builds the same set with ffpms {ffpms.__version__}, and is told every difference:

```
ffpms import {job.out.name} {source_flags(job.corpus, table)} --out ffpms-data
```{_OF_A_TABLE if job.corpus.name == TABLE else ""}"""


_OF_A_TABLE = """

The table has a row a video, with paths from its own folder; if they are from another one, add `--root DIR`. The videos
must have the same paths and labels there. Names in its column `person` may be others, if it has the column `split`."""


def _owner(job: ExportJob) -> str:
    """Says who can build the set again: whoever has its videos."""
    if job.corpus.name == TABLE:
        return "Whoever has the videos and their table"
    return f"Whoever has {'the same videos in the folders of ' * _has_other_pairs(job)}{job.corpus.title}"


FORMAT = Format(
    name="recipe",
    title="the recipe, without pixels",
    unit="file",
    make_steps=make_steps,
    describe=_describe,
    without_face="Such a slot or bag has rows with its status.",
    keeps_unbuilt=True,
    has_pixels=False,
    head=lambda job: {"configs": table_configs(table_names(job))},
)
