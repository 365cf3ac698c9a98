"""docs/methods.md holds the table that ``ffpms methods --markdown`` prints."""

from pathlib import Path

from tests.conftest import Command

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"


def test_the_table_of_the_docs_is_what_the_command_prints(ffpms: Command) -> None:
    assert ffpms("methods", "--markdown").output in PAGE.read_text(encoding="utf-8")
