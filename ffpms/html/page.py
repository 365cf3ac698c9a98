"""Renders an HTML page as one file that asks for nothing else."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ffpms.hashing import digest


def render(template: str, **values: Any) -> str:
    """Renders a template with values as text, each of which is escaped where it stands.

    A template has the name of its package and file. It extends ``ffpms.html/base.html``, whose
    first lines list its blocks. ``tojson`` puts values into a script or a data block, where no
    text can end it. Of numbers NaN and infinity are refused there: give None.

    Scripts run by a nonce, ``<script nonce="{{ nonce }}">``. It is a hash of the page itself. So no
    value can hold a script that runs, and the same values give the same page.

    Raises:
        jinja2.TemplateError: there is no such template, or it names a value that is not given.
        ValueError: a number for ``tojson`` is not finite.

    Example:
        >>> page = render("ffpms.html/base.html", title="<b>A & B")
        >>> "<title>&lt;b&gt;A &amp; B</title>" in page
        True
    """
    page = _environment().get_template(template)
    nonce = digest(_encode(page.render(values, nonce="")))[:32]
    return _encode(page.render(values, nonce=nonce)).decode()


def _encode(page: str) -> bytes:
    """Encodes a page; bytes of file names that are no text are spelled out, as ``\\udcff``."""
    return page.encode("utf-8", errors="backslashreplace")


@cache
def _environment() -> Environment:
    """Makes the environment: all values are escaped, and an unknown name is an error."""
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["asset"] = _asset
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment


def _asset(name: str) -> Markup:
    """Returns a CSS or JavaScript file of a package as it is."""
    return Markup(_read(name))  # noqa: S704 (a file of ours, not a value)


def _read(name: str) -> str:
    """Reads a file of a package: ``ffpms.html/base.html``."""
    package, _, file = name.partition("/")
    return (files(package) / file).read_text(encoding="utf-8")
