"""What the tests of ``ffpms build`` share: how it is called, and what came out."""

import hashlib
import sys
from pathlib import Path

import pandas as pd

REAL = "original_sequences/youtube/c40/videos"
SMALL = ("--size", 32, "--split", "test", "--workers", 1)


def content(folder: Path) -> dict[str, str]:
    """Hash of every file but the report, which has the seconds."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "build.json")
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def flags(tree: Path, out: Path, *more: object) -> tuple[object, ...]:
    """The build of the test split, at a size that takes seconds."""
    return ("build", "--ff-root", tree, "--splits", tree / "splits", "--out", out, *SMALL, *more)


def program(*arguments: object) -> list[str]:
    """The command line as a process of its own."""
    return [str(Path(sys.executable).with_name("ffpms")), *map(str, arguments)]


def status_of(out: Path) -> dict[str, str]:
    """Bag id -> status."""
    videos = pd.read_parquet(out / "videos.parquet")
    return dict(zip(videos["bag_id"], videos["status"], strict=True))


def not_ok(out: Path) -> dict[str, str]:
    """The bags that something is wrong with."""
    return {bag: status for bag, status in status_of(out).items() if status != "ok"}
