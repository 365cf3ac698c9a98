"""Contact sheet of the data card: test bags of two people, a row each.

Each swapped-in real frame is marked.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from ffpms.dataset.crops import read_own_crop
from ffpms.schema import Split, Status
from ffpms.storage import whole_file

IMAGE = "bags.jpg"
"""File name of the contact sheet."""
SIDE, MARK, GAP = 46, 3, 2
"""Size in px of a face, of the border of a marked one, and of the gap between cells.

With more than 20 slots faces get smaller.
"""
LABEL, HEAD, MARGIN, BREAK, NARROWEST = 138, 30, 10, 12, 800
"""Lengths in px: label column, legend, margin, gap between people, least width of the sheet."""
LEAST_ROW = 34
"""Height in px of a row's two lines of text."""
N_PEOPLE = 2
SWAPPED, INK, FAINT = "#1a73d9", "#222222", "#8a8a8a"

_Face = tuple[int, bool, Image.Image]
"""A slot, whether its frame is swapped in, and its picture."""


def draw_bags(out: Path, videos: pd.DataFrame, frames: pd.DataFrame, crop_side: int) -> bool:
    """Writes ``bags.jpg`` into the set's folder; returns False if no bag has a face.

    ``crop_side`` is the size of a stored crop, px.

    Raises:
        ManifestError: a crop is lost or damaged.
    """
    people = _choose(videos)
    if not people:
        (out / IMAGE).unlink(missing_ok=True)
        return False
    n_slots = int(videos["n_frames"].max())
    side = max(8, min(SIDE, 20 * SIDE // n_slots))
    cell = side + 2 * MARK + GAP
    n_rows, row = sum(map(len, people)), max(cell, LEAST_ROW)
    height = HEAD + n_rows * row + len(people) * BREAK + MARGIN
    sheet = Image.new("RGB", (max(LABEL + n_slots * cell + 2 * MARGIN, NARROWEST), height), "white")
    _legend(sheet)
    top = HEAD
    for bags in people:
        for bag in bags:
            _row(sheet, bag, _faces(out, frames[frames["bag_id"] == bag["bag_id"]], crop_side, side), top, side)
            top += row
        top += BREAK
    with whole_file(out / IMAGE, durable=False) as file:
        sheet.save(file, "JPEG", quality=80, optimize=True)
    return True


def _choose(videos: pd.DataFrame) -> list[list[dict[str, object]]]:
    """Chooses people and their usable bags, one a manipulation.

    They are those in the test split (or else the next one) who have most bags. No two are of one
    pair.
    """
    usable = videos[videos["status"] == Status.OK]
    split = next((s for s in reversed(Split) if (usable["split"] == s).any()), None)
    own = usable[usable["split"] == split].drop_duplicates(["target_id", "manipulation"])
    n_bags = own.groupby("target_id", sort=False).size().sort_values(ascending=False, kind="stable")
    pair = own.drop_duplicates("target_id").set_index("target_id")["pair_id"]
    targets = pair.loc[n_bags.index].drop_duplicates().index[:N_PEOPLE]
    return [own[own["target_id"] == target].to_dict("records") for target in targets]


def _legend(sheet: Image.Image) -> None:
    """Draws the legend: what a marked and an unmarked cell mean."""
    draw, font, middle = ImageDraw.Draw(sheet), ImageFont.load_default(13), HEAD // 2
    x = LABEL + MARGIN
    draw.rectangle((x, middle - 7, x + 14, middle + 7), outline=SWAPPED, width=MARK)
    text = "swapped in: the real video's own frame; not marked: the frame of the video named on the left"
    draw.text((x + 22, middle), text, INK, font, anchor="lm")


def _row(sheet: Image.Image, bag: dict[str, object], faces: Iterable[_Face], top: int, side: int) -> None:
    """Draws one bag: its name, and its crops in the order of time."""
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    middle = top + MARK + side // 2
    draw.text((MARGIN, middle - 8), f"{bag['manipulation']}  {bag['video_id']}", INK, font, anchor="lm")
    draw.text((MARGIN, middle + 8), f"{bag['n_fake']} of {bag['n_frames']} fake", FAINT, font, anchor="lm")
    for slot, replaced, face in faces:
        x = LABEL + MARGIN + slot * (side + 2 * MARK + GAP)
        if replaced:
            draw.rectangle((x, top, x + side + 2 * MARK - 1, top + side + 2 * MARK - 1), SWAPPED)
        sheet.paste(face, (x + MARK, top + MARK))


def _faces(out: Path, rows: pd.DataFrame, crop_side: int, side: int) -> Iterator[_Face]:
    """Reads the crops of a bag and shrinks them; grey where there is none."""
    for row in rows.to_dict("records"):
        face = Image.new("RGB", (side, side), "#dddddd")
        if row["crop"]:
            crop = Image.fromarray(read_own_crop(out, row["crop"], row["sha256"], crop_side))
            face = crop.resize((side, side), Image.Resampling.LANCZOS)
        yield row["slot"], row["replaced"], face
