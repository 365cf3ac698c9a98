"""Every command. Command bodies import the libraries, so that ``--help`` is quick."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit, NoArgsIsHelpError

from ffpms import __version__
from ffpms.cli.benchmark.bench import bench
from ffpms.cli.benchmark.embed import embed
from ffpms.cli.benchmark.evaluate import evaluate
from ffpms.cli.benchmark.leaderboard import leaderboard
from ffpms.cli.benchmark.methods import methods
from ffpms.cli.benchmark.report import report
from ffpms.cli.dataset.build import build
from ffpms.cli.dataset.export import export
from ffpms.cli.dataset.import_recipe import import_recipe
from ffpms.cli.dataset.minicorpus import minicorpus
from ffpms.cli.dataset.plan import plan
from ffpms.cli.dataset.show import show
from ffpms.cli.dataset.verify import verify
from ffpms.cli.demo import demo
from ffpms.cli.display.spelling import spell_streams
from ffpms.cli.help import Group
from ffpms.cli.models.explain import explain
from ffpms.cli.models.pack import pack
from ffpms.cli.models.predict import predict
from ffpms.cli.options import PLAIN
from ffpms.errors import ConfigError, FfpmsError, on_one_line, remedy

_ENDS = (Exit, click.Abort, BrokenPipeError, NoArgsIsHelpError)
"""Left to click, which ends silently when nobody reads on, and shows help without a command."""


class _Group(Group):
    """Turns every error into one line and exit code 2; with --debug the traceback is above it."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _in_one_line():
            spell_streams()
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _in_one_line(ctx.params["debug"]):
            _check_packages()
            return super().invoke(ctx)


@contextmanager
def _in_one_line(debug: bool = False) -> Iterator[None]:
    """Ends the program where an error is raised, with one line; what click uses to end goes on."""
    try:
        yield
    except _ENDS:
        raise
    except KeyboardInterrupt:
        click.echo("Stopped; run the same command again to go on.", err=True)
        sys.exit(130)
    except Exception as error:
        if debug:
            traceback.print_exc()
        click.echo(f"Error: {_one_line(error)}", err=True)
        sys.exit(2)


def _one_line(error: Exception) -> str:
    """Returns an error as the one line that a user sees."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "ffpms"
        return f"{' '.join(error.format_message().split())} (see '{command} --help')"
    reason = on_one_line(error)
    if isinstance(error, FfpmsError) or _is_detector_error(error):
        return reason
    if isinstance(error, OSError):
        place, todo = error.filename or "file system", remedy(error, "let this user read and write it")
        return f"{place}: {error.strerror or reason}; {todo}"
    if isinstance(error, MemoryError):
        return f"not enough memory{f' ({reason})' if reason else ''}; give fewer --workers, or run it with more memory"
    if isinstance(error, ImportError):
        return f"{error.name or 'a package'}: cannot be imported ({reason}); install ffpms again, in a fresh venv"
    return f"unexpected {type(error).__name__}: {reason}; 'ffpms --debug ...' shows where; please report it"


def _is_detector_error(error: Exception) -> bool:
    """Whether it is an error of a detector; imports no torch to find out.

    Where the class is not loaded yet, nobody raised it.
    """
    if "detectors.errors" not in sys.modules:
        return False
    from detectors.errors import DetectorError

    return isinstance(error, DetectorError)


def _check_packages() -> None:
    """Checks that ``detectors`` and ``benchmark`` are ours.

    Other distributions use these names too.
    """
    home = Path(__file__).parents[2]
    for name in ("detectors", "benchmark", "data_manifests"):
        found = _home_of(name)
        if found is None:
            raise ConfigError(f"{name}: not installed beside ffpms; install ffpms again, in a fresh venv")
        if found != home:
            here = found.resolve() == Path.cwd()
            todo = "run ffpms from another folder" if here else "install ffpms in a fresh venv"
            raise ConfigError(f"{found}: another package named {name!r} hides ffpms's own; {todo}")


def _home_of(name: str) -> Path | None:
    """Finds the folder in which a package lies, also one without ``__init__.py``."""
    spec = find_spec(name)
    if spec is None:
        return None
    if spec.origin:
        return Path(spec.origin).parent.parent
    return next((Path(place).parent for place in spec.submodule_search_locations or ()), None)


@click.group(cls=_Group, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="ffpms")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@PLAIN
def main(debug: bool) -> None:
    """Build FFPMS, the partial-attack deepfake benchmark, and train and score detectors on it.

    Example: ffpms demo
    """


SECTIONS = {
    "Build a set": (build, verify, plan, import_recipe),
    "Train and score": (bench, embed, methods, leaderboard, evaluate),
    "Score videos": (predict,),
    "Look": (report, show, explain),
    "Hand on": (export, pack),
    "Try it on embedded data": (demo, minicorpus),
}
"""Commands by what one wants, in the order of ``ffpms --help``; a new one is a word here."""

main.add_sections(SECTIONS)
