"""docs/own-data.md: its table is read, and its commands run, on videos of the embedded corpus with its names."""

import csv
import io
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from ffpms.sources.table_cells import COLUMNS
from tests.conftest import Command
from tests.docs.test_readme import QUICK, commands_in
from tests.helpers.pages import ROOT, code_of

PAGE = ROOT / "docs" / "own-data.md"
TABLE = code_of(PAGE, "csv")[0]


@pytest.fixture
def place(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder: the table, and a video at each of its paths."""
    folder = tmp_path / "my-videos"
    people: dict[str, int] = {}
    for row in csv.DictReader(io.StringIO(TABLE)):
        own = people.setdefault(row["person"], len(people))
        name = f"{own:03d}" if row["label"] == "real" else f"{own:03d}_{own ^ 1:03d}"
        method = "original_sequences/youtube" if row["label"] == "real" else "manipulated_sequences/Deepfakes"
        (folder / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / method / f"c40/videos/{name}.mp4", folder / row["path"])
    (folder / "videos.csv").write_text(TABLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("warm_worker")
def test_the_page_runs_as_written(place: Path, ffpms: Command) -> None:
    commands = commands_in("docs/own-data.md")
    assert [name for name, *_ in commands] == ["build", "verify", "verify", "show", "bench"]
    for name, *flags in commands:
        tiny = ("--backbone", "tiny") if name == "bench" else ()
        result = ffpms(name, *flags, *QUICK.get(name, ()), *tiny)
        assert result.exit_code == 0, (name, flags, result.output)
    videos = pd.read_parquet(place / "my-data" / "videos.parquet")
    assert set(videos["status"]) == {"ok"}
    assert set(videos["split"]) == {"train", "val", "test"}
    edited = videos[videos["manipulation"] == "edit"].iloc[0]
    assert 0 < edited["n_fake"] < 20


def test_the_page_names_every_column() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == list(COLUMNS)
