"""Reads a built set with its fakes unmixed: no frame is replaced, as in FaceForensics++ itself.

Tables 2 and 3 of Li 2020 are on such data.
"""

from dataclasses import replace

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import naming_settings, read_finished
from ffpms.hashing import digest
from ffpms.protocol.naming import name_unmixed
from ffpms.protocol.remixing import redraw, remix


def unmix(data: BuiltSet) -> BuiltSet:
    """Returns the set with every frame of its fakes fake; it needs no other pixels."""
    fake = redraw(data.videos, data.recipe, data.recipe.seed, "whole")
    videos, frames = remix(data.videos, data.frames, data.crops, fake)
    sha256 = digest(f"{data.sha256} unmixed".encode())
    own = name_unmixed(naming_settings(read_finished(data.root)), data.videos, data.sources)
    named = replace(data, name=own.name, reasons=own.reasons, sha256=sha256, unmixed=True)
    return replace(named, videos=videos, frames=frames)
