"""Shell completion of values: names of methods and of runs, without importing what knows them."""

import re
from pathlib import Path

import click
from click.shell_completion import CompletionItem

_REGISTERED = re.compile(r'^@register\(\s*"([^"]+)"', re.MULTILINE)


def complete_methods(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """Completes the last of a comma list of methods; those of plugins are not known.

    The names are read from the source, since importing a detector imports torch.
    """
    before, comma, last = typed.rpartition(",")
    done = before.split(",")
    return [f"{before}{comma}{name}" for name in built_in_methods() if name.startswith(last) and name not in done]


def built_in_methods() -> list[str]:
    """Returns the names of this project's own methods, and ``all``."""
    folder = Path(__file__).parents[2] / "detectors" / "methods"
    sources = (path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"), key=lambda path: path.name))
    return [name for source in sources for name in _REGISTERED.findall(source)] + ["all"]


def complete_runs(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Completes the folder of a finished run, by default one in ``runs``; else any folder."""
    base = Path(typed or "runs/")
    folder, start = (base, "") if typed.endswith("/") or not typed else (base.parent, base.name)
    found = sorted(done.parent for done in folder.glob("*/DONE") if done.parent.name.startswith(start))
    return [CompletionItem(typed, type="dir"), *(CompletionItem(str(run)) for run in found)]
