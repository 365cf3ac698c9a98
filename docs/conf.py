"""Settings of the documentation site, which ``make docs`` builds: see docs/adr/0015-documentation-site.md."""

import json
import re
from importlib.metadata import version as version_of
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx

project = "ffpms"
author = "the ffpms maintainers"
version = release = version_of("ffpms")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["board/**"]  # submissions, and recipes with a README of their own
source_suffix = {".md": "markdown", ".ipynb": "notebook"}

html_theme = "furo"
html_title = f"ffpms {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_copyright = False
highlight_language = "none"
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 4

autodoc_default_options = {"members": True}
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_mock_imports = ["numba", "skimage"]  # extras, which docstrings do not need
python_maximum_signature_line_length = 80
suppress_warnings = ["ref.python"]  # a class that two packages export is found twice


def list_pages(_: Sphinx, docname: str, source: list[str]) -> None:
    """Adds to an index page what the menu shows: the pages that each of its sections links to."""
    if docname not in ("index", "adr/index"):
        return
    for section in source[0].split("\n## "):
        pages = re.findall(r"\]\(([\w/-]+)\.(?:md|ipynb)\)", section)
        title = section.partition("\n")[0] if docname == "index" else ""
        options = [":hidden:", *([f":caption: {title}"] if title else [])]
        if pages:
            source[0] += "\n\n" + "\n".join(["```{toctree}", *options, "", *dict.fromkeys(pages), "```"]) + "\n"


def escape_bars(_: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Keeps the bars of ``|x - y|`` in a docstring from being read as a substitution; code keeps its own."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[number] = re.sub(r"(``.*?``)|\|", lambda found: found[1] or r"\|", line)


class NotebookParser(MystParser):  # type: ignore[misc]
    """Shows a notebook as it is stored: texts, code, and what the code printed or drew."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Reads the cells as Markdown."""
        cells = json.loads(inputstring)["cells"]
        super().parse("\n\n".join(part for cell in cells for part in _show(cell)), document)


def _show(cell: dict[str, Any]) -> list[str]:
    text = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return [text]
    return [f"````python\n{text}\n````", *map(_show_output, cell["outputs"])]


def _show_output(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f"![output](data:image/png;base64,{''.join(data['image/png']).strip()})"
    text = "".join(data.get("text/plain", output.get("text", "")))
    return f"````text\n{text.rstrip()}\n````" if text else ""


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_source_parser(NotebookParser)
    app.connect("source-read", list_pages)
    app.connect("autodoc-process-docstring", escape_bars)
