"""Findings as people and scripts read them."""

import json

import pytest

from ffpms.checks import printable
from ffpms.errors import ManifestError
from ffpms.verify.findings import MAX_SHOWN, Finding, Kind, Report


def report(*findings: Finding) -> Report:
    return Report({"ff_root": "x", "n_files": 3}, "x: 3 files", list(findings))


def missing(path: str) -> Finding:
    return Finding(path, Kind.MISSING, "not found", "download it")


def test_each_finding_has_its_lines_within_the_width() -> None:
    table = report(Finding("a/b.mp4", Kind.LENGTH, "word " * 30, "do it")).table(60)
    lines = table.splitlines()
    assert lines[1] == "length             a/b.mp4"
    assert max(map(len, lines)) <= 60
    assert lines[-1].endswith("do it")


def test_many_alike_in_a_folder_are_counted() -> None:
    table = report(*[missing(f"a/{i:03d}.mp4") for i in range(9)], missing("b/000.mp4")).table(100)
    assert [line for line in table.splitlines() if "more" in line] == [
        "missing            5 more in this folder; --json lists them all"
    ]
    assert table.count("not found") == 5


def test_one_more_than_that_is_shown_itself() -> None:
    assert "more" not in report(*[missing(f"a/{i:03d}.mp4") for i in range(5)]).table(100)


def test_the_table_ends_somewhere() -> None:
    table = report(*[missing(f"{i}/a.mp4") for i in range(MAX_SHOWN + 7)]).table(100)
    assert table.splitlines()[-1] == "... and 7 more; --json lists them all"
    assert table.count("not found") == MAX_SHOWN


def test_the_summary_counts_by_kind() -> None:
    two = report(missing("a"), Finding("b", Kind.EXTRA, "c", "d"))
    assert two.describe() == "x: 3 files: 2 findings (1 extra, 1 missing)"
    assert report(missing("a")).describe() == "x: 3 files: 1 finding (1 missing)"
    assert report().describe() == "x: 3 files: no findings"


def test_json_has_every_finding_in_order() -> None:
    found = json.loads(json.dumps(report(missing("b"), missing("a")).as_json()))
    assert found["ff_root"] == "x"
    assert found["findings"][0] == {"path": "a", "kind": "missing", "what": "not found", "todo": "download it"}
    assert len(found["findings"]) == 2


@pytest.mark.parametrize(("text", "shown"), [("a\n\x1b[31m", "a\\n\\x1b[31m"), ("\udcff", "\\udcff"), ("ä b", "ä b")])
def test_a_name_cannot_write_to_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert shown in report(missing(text)).table(100)


def test_an_errors_line_is_a_finding() -> None:
    error = ManifestError("frames.parquet: breaks off (x; y: z); build it again")
    assert Finding.from_error(error) == Finding(
        "frames.parquet", Kind.DAMAGED, "breaks off (x; y: z)", "build it again"
    )
