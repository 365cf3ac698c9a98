"""Names: makes a video's name from its path, safe on any system, whatever else is listed."""

import re
import unicodedata

from ffpms.hashing import digest
from ffpms.protocol.splits import is_safe_id

_PLAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HASHED = re.compile(r".*-[0-9a-f]{8}")
_LONGEST = 40


def name_of_path(path: str) -> str:
    """Returns the name of the video at a path, which has forward slashes.

    A short plain name stays. Any other gets eight digits of the path's hash, so that no two paths
    have the same name, on disks that know no case either.

    Example:
        >>> name_of_path("clip1.mp4"), name_of_path("my clips/Anna é.MOV")
        ('clip1', 'my-clips-anna-e-mov-b1ae7e61')
    """
    base, _, ending = path.rpartition(".")
    if ending == "mp4" and _PLAIN.fullmatch(base) and is_safe_id(base) and not _HASHED.fullmatch(base):
        return base
    text = unicodedata.normalize("NFKD", base if ending == "mp4" else path).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^0-9a-z]+", "-", text.lower()).strip("-")[-_LONGEST:].strip("-")
    return f"{slug or 'video'}-{digest(path.encode())[:8]}"
