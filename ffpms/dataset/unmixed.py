"""Reads a built set with its fakes unmixed: no frame is replaced, as in FaceForensics++ itself.

Tables 2 and 3 of Li 2020 are on such data.
"""

from dataclasses import replace

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import read_finished, stored_settings
from ffpms.hashing import digest
from ffpms.protocol.remixing import redraw, remix
from ffpms.protocol.splits import pairs_digest, read_pairs
from ffpms.protocol.v1_manifest import unmixed_name


def unmix(data: BuiltSet) -> BuiltSet:
    """Returns the set with every frame of its fakes fake; it needs no other pixels."""
    fake = redraw(data.videos, data.recipe, data.recipe.seed, "whole")
    videos, frames = remix(data.videos, data.frames, data.crops, fake)
    sha256 = digest(f"{data.sha256} unmixed".encode())
    return replace(data, name=_name(data), sha256=sha256, videos=videos, frames=frames, unmixed=True)


def _name(data: BuiltSet) -> str:
    about = read_finished(data.root)
    official = about["config"].get("pairs_sha256") == pairs_digest(read_pairs())
    return unmixed_name(data.recipe, stored_settings(about)[1], official, data.videos)
