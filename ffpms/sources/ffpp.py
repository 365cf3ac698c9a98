"""FaceForensics++: its names for manipulations and compression levels, and what is known of an mp4 beforehand."""

from dataclasses import dataclass

from ffpms.errors import ConfigError
from ffpms.schema import Manipulation

FOLDERS = {
    Manipulation.DF: "Deepfakes",
    Manipulation.F2F: "Face2Face",
    Manipulation.FS: "FaceSwap",
    Manipulation.NT: "NeuralTextures",
}
COMPRESSIONS = {"raw": 0.0, "c23": 23.0, "c40": 40.0}
"""Folder name -> x264 crf that it promises; 0 is lossless. ``c0`` is another name of ``raw``."""


@dataclass(frozen=True)
class Source:
    """One mp4 that the plan asks for; ``path`` is relative to the root, with forward slashes."""

    source_video: str
    path: str
    manipulation: str
    video_id: str
    target_id: str
    source_id: str | None
    compression: str
    split: str


def parse_manipulations(text: str) -> tuple[str, ...]:
    """``DF,FaceSwap`` -> ``("DF", "FS")``, in the order of the tables; short and full names, any case.

    Raises:
        ConfigError: a name is unknown.
    """
    names = {alias.lower(): m for m, folder in FOLDERS.items() for alias in (m.value, folder)}
    asked = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in names]
    if unknown or not asked:
        raise ConfigError(
            f"manipulations: {', '.join(unknown) or 'none'}; choose from DF,F2F,FS,NT or their full names"
        )
    return tuple(m.value for m in FOLDERS if m in {names[name] for name in asked})


def normalise_compression(name: str) -> str:
    """``c0`` -> ``raw``."""
    return "raw" if name == "c0" else name


def broken_promise(compression: str, crf: float | None) -> str:
    """What is wrong with a file that names its crf (None: it does not, and may be any) in a folder; empty if nothing
    is."""
    if crf in (None, COMPRESSIONS[compression]):
        return ""
    return f"encoded at crf {crf:g} in a {compression} folder"


def mask_path(path: str) -> str:
    """Where the masks of a manipulated video of the official tree are: beside its compression levels."""
    folder, _, name = path.rpartition("/")
    return f"{folder.rpartition('/')[0].rpartition('/')[0]}/masks/videos/{name}"
