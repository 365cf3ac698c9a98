"""A real browser for pages: Debian's Chromium, or another that is installed. Without one tests skip."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""Programs that are looked for on the path; CHROMIUM may name another."""


def find_browser() -> str | None:
    """The path of a Chromium, if there is one."""
    named = os.environ.get("CHROMIUM", "")
    return next((found for name in (named, *NAMES) if name and (found := shutil.which(name))), None)


@dataclass
class Opened:
    """A page in the browser, and what it did that it should not: errors, and requests for anything else."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Closes the page, and checks that it was quiet."""
        self.page.close()
        assert self.errors == []
        assert self.requests == []


OpenPage = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium here; apt-get install chromium, or name one by CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def open_page(browser: Any) -> OpenPage:
    """Opens a file at a width, in a theme; a page that only asks for itself is quiet."""

    def open_page(path: Path, width: int = 1440, theme: str = "light") -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        opened = Opened(context.new_page())
        own = path.resolve().as_uri()
        opened.page.on("console", lambda said: opened.errors.append(said.text) if said.type == "error" else None)
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on("request", lambda asked: _note(opened.requests, asked.url, own))
        opened.page.goto(own)
        return opened

    return open_page


def _note(requests: list[str], url: str, own: str) -> None:
    if not url.startswith((own, "data:", "blob:")):
        requests.append(url)


def find_violations(page: Any) -> list[str]:
    """What axe-core finds that is serious or critical: its rule, and where."""
    sync_playwright = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed")
    found = sync_playwright.Axe().run(page)["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {node['target']} {node['html'][:120]}" for one in grave for node in one["nodes"]]
