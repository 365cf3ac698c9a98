"""What may be passed on: nothing of filmed people, all of rendered ones, and any recipe."""

import pytest

from ffpms.dataset.card_head import pixel_licence
from ffpms.export.terms import FREE, export_terms, pixel_terms, terms_line
from ffpms.sources.registry import TABLE, corpora

FILMED = sorted(corpora().keys() - {"minicorpus", TABLE})


@pytest.mark.parametrize("name", FILMED)
def test_pixels_of_filmed_people_may_not_be_passed_on(name: str) -> None:
    corpus = corpora()[name]
    assert pixel_terms(corpus).startswith("The pixels may not be passed on: ")
    assert terms_line(corpus, True).startswith(f"Pixels of {corpus.title} may not be passed on")
    assert pixel_licence(corpus) == "pixels-not-to-be-passed-on"


def test_pixels_of_rendered_people_may() -> None:
    corpus = corpora()["minicorpus"]
    assert pixel_terms(corpus) == export_terms(corpus, True) == terms_line(corpus, True) == FREE
    assert (
        terms_line(corpus, False) == export_terms(corpus, False) == "There are no pixels in it, so it may be published."
    )
    assert pixel_licence(corpus) == "rendered-from-a-cc0-head"
