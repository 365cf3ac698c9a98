"""``ffpms methods``: describes each registered detector, its source and what it learns from."""

from detectors import Method, method, names
from detectors.options import options_of

TRAINING_DATA = {
    "bags": "train bags, video labels",
    "warped": "train-split real faces, and its own warpings of them",
    "blended": "train-split real faces, and its own blends of them",
    "self-blended": "train-split real faces, and blends of each with itself",
}
TUNED = {"all": "", "norm": ", its normalisation layers tuned", "none": ", frozen"}
"""What stands behind a backbone, by what of it is trained."""


def describe_methods() -> list[dict[str, str]]:
    """Describes each method in a row, in the order of registration."""
    return [_describe(method(name)) for name in names()]


def _describe(known: Method) -> dict[str, str]:
    own = known.teacher == known.name
    learns = TRAINING_DATA[known.training_data] if own else f"nothing: an epoch of {known.teacher}'s training"
    return {
        "name": known.name,
        "unit": known.unit,
        "ordered": "yes" if known.ordered else "no",
        "learns from": learns,
        "backbone": known.backbone,
        "tune": known.tune,
        "about": known.about,
        "source": known.source,
        "options": ", ".join(f"{key}={_typed(value)}" for key, value in options_of(known.factory).items()),
    }


def _typed(value: object) -> str:
    """Formats a default as a user would type it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()


def render_text(rows: list[dict[str, str]]) -> str:
    """Renders a paragraph a method, for a terminal."""
    return "\n\n".join(_paragraph(row) for row in rows)


def _paragraph(row: dict[str, str]) -> str:
    order = "sees their order" if row["ordered"] == "yes" else "whatever their order"
    judges = f"judges each {row['unit']}" if row["unit"] == "frame" else f"judges a bag of faces, {order}"
    lines = [
        f"{row['name']}: {row['about']}",
        f"    {row['source']}",
        f"    {judges}; learns from {row['learns from']}; on {row['backbone']}{TUNED[row['tune']]}",
    ]
    return "\n".join(lines + ([f"    --set {row['name']}.OPTION=VALUE: {row['options']}"] if row["options"] else []))


def render_markdown(rows: list[dict[str, str]]) -> str:
    r"""Renders the table of docs/methods.md, where a pipe of a text is ``\|``."""
    columns = ("name", "about", "source", "unit", "ordered", "learns from", "backbone", "tune", "options")
    lines = [columns, ("---",) * len(columns)]
    lines += [tuple(f"`{row[c]}`" if c in ("name", "backbone", "tune") else row[c] for c in columns) for row in rows]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in escaped) + "\n"
