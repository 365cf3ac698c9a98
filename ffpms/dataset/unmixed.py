"""Reads a built set with its fakes unmixed: no frame is replaced, as in FaceForensics++ itself.

Tables 2 and 3 of Li 2020 are on such data.
"""

from dataclasses import replace

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import read_finished, stored_settings
from ffpms.hashing import digest
from ffpms.protocol.remixing import choose_fakes
from ffpms.protocol.splits import pairs_digest, read_pairs
from ffpms.protocol.v1_manifest import unmixed_name


def unmix(data: BuiltSet) -> BuiltSet:
    """Returns the set with every frame of its fakes fake; it needs no other pixels."""
    fake = data.videos["label"] == 1
    videos = data.videos.copy()
    videos.loc[fake, ["n_fake", "fake_rate"]] = data.recipe.frames_per_video, 1.0
    of_fakes = data.frames[data.frames["bag_id"].isin(videos.loc[fake, "bag_id"])]
    slots = set(zip(of_fakes["bag_id"], of_fakes["slot"], strict=True))
    frames = choose_fakes(videos, data.frames, data.crops, slots)
    sha256 = digest(f"{data.sha256} unmixed".encode())
    return replace(data, name=_name(data), sha256=sha256, videos=videos, frames=frames, unmixed=True)


def _name(data: BuiltSet) -> str:
    about = read_finished(data.root)
    official = about["config"].get("pairs_sha256") == pairs_digest(read_pairs())
    return unmixed_name(data.recipe, stored_settings(about)[1], official, data.videos)
