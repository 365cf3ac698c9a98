"""Source rows: the rows of the SOURCE table, as a worker fills them in."""

from dataclasses import asdict
from typing import Any

from ffpms.extraction.alignment.pairing import Pairing
from ffpms.extraction.alignment.registration import Geometry
from ffpms.schema import UNKNOWN
from ffpms.sources.listing import Source


def new_row(source: Source) -> dict[str, Any]:
    """Returns a SOURCE row with every measured column still unknown."""
    unknown: dict[str, Any] = {"n_frames": 0, "width": 0, "height": 0, "fps": None, "crf": None, "track_id": UNKNOWN}
    unknown |= dict.fromkeys(("pix_fmt", "profile", "sha256", "status", "error"), "")
    unknown |= dict.fromkeys(("align_certainty", "align_score", "lift_r", "lift_g", "lift_b"))
    return asdict(source) | unknown | {"align_offset": 0} | _geometry_columns(Geometry(kind=""))


def fail(row: dict[str, Any], status: str, reason: str) -> None:
    """Writes into a row what keeps its video from being used."""
    row |= {"status": str(status), "error": reason}


def pair_columns(pairing: Pairing) -> dict[str, Any]:
    """Returns the columns of a SOURCE row that tell how a fake lies in its real video."""
    columns = {"align_offset": pairing.offset, "align_certainty": pairing.certainty, "align_score": pairing.score}
    lifts = {f"lift_{channel}": value for channel, value in zip("rgb", pairing.lift, strict=True)}
    return columns | lifts | _geometry_columns(pairing.geometry) | {"track_id": pairing.altered[0]}


def _geometry_columns(geometry: Geometry) -> dict[str, Any]:
    columns = asdict(geometry)
    return {"geometry": columns.pop("kind")} | columns
