"""Pages: values are escaped wherever they stand, and a page asks for nothing."""

import base64
import io
import json
import re
from collections.abc import Callable
from importlib.resources import files

import numpy as np
import pytest
from jinja2 import TemplateError
from PIL import Image

from ffpms.html import image_uri, page, render

HOSTILE = "</script></title><script>alert(1)</script><!--'\"&\u2028"
BASE = "ffpms.html/base.html"

Template = Callable[[str], str]


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> Template:
    """Makes a template that is read as if a package had it; returns its name."""
    read = page._read
    own: dict[str, str] = {}

    def make(text: str) -> str:
        own["own/page.html"] = text
        return "own/page.html"

    page._environment.cache_clear()
    monkeypatch.setattr(page, "_read", lambda name: own.get(name) or read(name))
    return make


def test_a_value_cannot_leave_its_place(template: Template) -> None:
    name = template(
        "{% extends 'ffpms.html/base.html' %}{% block main %}<p title=\"{{ value }}\">{{ value }}</p>"
        '<script type="application/json" id="data">{{ {"name": value} | tojson }}</script>{% endblock %}'
    )
    text = render(name, title=HOSTILE, value=HOSTILE)
    assert "alert(1)<" not in text
    assert len(re.findall("<script", text)) == 3  # the theme, the data, the page's own
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data) == {"name": HOSTILE}


def test_scripts_run_by_a_nonce_that_no_value_can_know() -> None:
    text, other = render(BASE, title="a"), render(BASE, title="b")
    (nonce,) = re.findall(r"script-src 'nonce-(\w+)'", text)
    assert set(re.findall(r'<script nonce="(\w*)">', text)) == {nonce}
    assert len(nonce) == 32
    assert nonce not in other
    assert render(BASE, title="a") == text


def test_a_page_may_ask_for_nothing() -> None:
    text = render(BASE, title="a")
    assert "default-src 'none'" in text
    assert re.findall(r"(?:src|href)=\"(?!#|data:)([^\"]*)\"", text) == []
    assert "http" not in text.replace("http-equiv", "")


def test_a_name_that_is_no_text_is_spelled_out() -> None:
    assert "<h1>a\\udcff</h1>" in render(BASE, title="a\udcff")


def test_a_forgotten_value_and_a_number_that_is_none_are_errors(template: Template) -> None:
    with pytest.raises(TemplateError, match="title"):
        render(BASE)
    name = template("{{ value | tojson }}")
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(name, value=float("nan"))


def test_a_picture_is_its_pixels() -> None:
    rows, columns = np.mgrid[0:64, 0:48]
    pixels = np.stack([4 * rows, 5 * columns, 128 + rows - columns], axis=-1).astype(np.uint8)
    kind, _, data = image_uri(pixels).partition(",")
    assert kind == "data:image/webp;base64"
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    np.testing.assert_allclose(shown, pixels.astype(float), atol=12)
    assert len(data) < pixels.size / 8


def test_what_a_page_is_made_of_is_installed() -> None:
    """By the patterns of setup.cfg."""
    names = {path.name for path in files("ffpms.html").iterdir()}
    assert {"base.html", "page.css", "page.js", "theme.js"} <= names
