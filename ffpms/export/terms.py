"""Terms: what of an export may be passed on, and which names are in it, by the set's corpus."""

from ffpms.sources.corpus import Corpus
from ffpms.sources.registry import TABLE

INSTEAD = "Publish the recipe instead: ffpms export DATA --recipe-only --out DIR."
RECIPE_LICENCE = "recipe-without-pixels"
"""Name of the licence of an export without pixels; the owner of the recipe may choose another."""

_WITHOUT = "There are no pixels in it, so it may be published."
_NO_PEOPLE = "There are no pixels in it, and nothing of the table's column person."
_NAMES = (
    "The set is named after its table, and each bag after the path of its video. "
    "If such a name is private, rename the file or folder and build again before you publish."
)
FREE = "Nobody in the videos exists, and the rendered head is CC0, so the pixels may be passed on."
"""Holds for rendered corpora."""
_RIGHTS = "Whether the pixels may be passed on is for those to say who have the rights in the videos."


def has_private_names(corpus: Corpus) -> bool:
    """Whether the names of its videos are somebody's own: those of a table."""
    return corpus.name == TABLE


def pixel_terms(corpus: Corpus) -> str:
    """Says whether the pixels of a corpus's videos may be passed on.

    Example:
        >>> from ffpms.sources.corpora.ffpp import CORPUS
        >>> pixel_terms(CORPUS).partition(". ")[0]
        'The pixels may not be passed on: FaceForensics++ may not be redistributed'
    """
    if corpus.rendered:
        return FREE
    if not corpus.terms:
        return _RIGHTS
    other = " For other videos in such a tree, their own terms decide." if corpus.has_pairs else ""
    return f"The pixels may not be passed on: {corpus.terms}. That holds for faces cut out of it, too.{other}"


def export_terms(corpus: Corpus, pixels: bool) -> str:
    """Says what of an export may be published, and which names are in it."""
    if corpus.rendered and pixels:
        return FREE
    if not has_private_names(corpus):
        return f"{pixel_terms(corpus)} {INSTEAD}" if pixels else _WITHOUT
    return f"{pixel_terms(corpus) if pixels else _NO_PEOPLE} {_NAMES}"


def terms_line(corpus: Corpus, pixels: bool) -> str:
    """Says the same on one line of the command's output."""
    if has_private_names(corpus) or corpus.rendered or not pixels:
        return export_terms(corpus, pixels)
    return f"Pixels of {corpus.title} may not be passed on; 'ffpms export DATA --recipe-only' writes what may be."
