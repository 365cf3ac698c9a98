"""The part of the page on submissions: cards are shown as text, and a link is one."""

import re
from dataclasses import replace
from pathlib import Path

from benchmark.report.write import ReportPlan, write_report
from benchmark.runs.collection import Collection
from benchmark.runs.folder import Run
from benchmark.runs.submissions.card import Card
from ffpms.dataset.built_set import BuiltSet
from tests.helpers.run_folders import run_of_set
from tests.helpers.submission_folders import CARD, CONFIGURATION

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\""


def page_of(home: Path, out: Path, runs: list[Run]) -> str:
    write_report(ReportPlan(home / "runs", out / "x.html", n_bags=0, pictures=False), Collection(runs, [], {}, []))
    return (out / "x.html").read_text(encoding="utf-8")


def submitted(home: Path, seed: int = 0, **card: object) -> Run:
    own = run_of_set(BuiltSet.load(home / "set"), "their-tool", seed)
    settings = {"method": own.method, "manipulations": list(own.manipulations), "scores": "ab", "seed": seed}
    return replace(own, settings=settings, external=True, card=Card.of(CARD | {"method": own.method} | card))


def test_a_card_is_shown_with_all_that_it_says(home: Path, tmp_path: Path) -> None:
    own = CONFIGURATION | {"training": "other data", "seeds": [0, 1], "notes": HOSTILE, "hardware": HOSTILE}
    runs = [submitted(home, seed, title=HOSTILE, authors=[HOSTILE], configuration=own) for seed in (0, 1)]
    page = page_of(home, tmp_path, [*runs, run_of_set(BuiltSet.load(home / "set"))])
    assert "alert(1)</script>" not in page
    assert "<img src=x" not in page
    (part,) = re.findall(r'<section id="set-1-submissions".*?</section>', page, re.DOTALL)
    assert part.count("<details") == 1, "both seeds are one submission"
    assert 'their-tool [trained on other data]: <span class="title">&lt;/script&gt;' in part
    assert '<a href="https://example.org/my-tool" rel="noopener noreferrer">https://example.org/my-tool</a>' in part
    rows = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", part, re.DOTALL)
    assert [name for name, _ in rows] == [
        *("date", "licence of the scores", "training", "trained on", "chosen on", "seeds", "hardware", "notes")
    ]
    assert dict(rows)["seeds"] == "0, 1"
    assert '<a href="#set-1-submissions">Submissions</a>' in page
    assert "[trained on other data]: it did not learn from the train split of the set." in page
    assert "Some rows are submissions. How they were made is what their authors say." in page
    assert "another tool&#39;s scores" not in page
    assert "ffpms evaluate --submission SUBMISSION --data DATA" in page


def test_what_a_card_does_not_state_is_said(home: Path, tmp_path: Path) -> None:
    page = page_of(home, tmp_path, [submitted(home, authors=[], url="", licence="")])
    (part,) = re.findall(r'<section id="set-1-submissions".*?</section>', page, re.DOTALL)
    assert "Authors not stated" in part
    assert "<dt>licence of the scores</dt><dd>not stated</dd>" in part
    assert "href" not in part


def test_without_cards_there_is_no_such_part(home: Path, tmp_path: Path) -> None:
    assert "Submissions" not in page_of(home, tmp_path, [run_of_set(BuiltSet.load(home / "set"))])


def test_counts_and_cautions_fit_one_submission_alone(home: Path, tmp_path: Path) -> None:
    page = page_of(home, tmp_path, [submitted(home)])
    heads = re.findall(r'<span class="number">(\d+)</span> ([a-z ]+)', page)
    assert heads == [("1", "method"), ("1", "training"), ("12", "test videos"), ("2", "test pairs")]
    assert "All rows are submissions. How they were made is what their authors say." in page
    assert "Disagreement" not in page
    both = page_of(home, tmp_path, [submitted(home), run_of_set(BuiltSet.load(home / "set"))])
    assert "Some rows are submissions." in both
    assert "Disagreement is the highest less the lowest method." in both


def test_what_a_row_learnt_from_is_what_its_card_says(home: Path, tmp_path: Path) -> None:
    """The run of a submission stores what manipulations it scored, which is not what it was trained on."""
    own = CONFIGURATION | {"training": "other data", "trained_on": "<b>nothing"}
    page = page_of(home, tmp_path, [submitted(home, configuration=own)])
    assert learnt_from(page) == ["other data: &lt;b&gt;nothing"]
    assert learnt_from(page_of(home, tmp_path, [replace(submitted(home), card=None)])) == ["not known"]
    ours = run_of_set(BuiltSet.load(home / "set"))
    assert learnt_from(page_of(home, tmp_path, [ours])) == ["+".join(ours.manipulations)]


def learnt_from(page: str) -> list[str]:
    """The last column of the runs of all rows."""
    (part,) = re.findall(r'<section id="set-1-origins".*?</section>', page, re.DOTALL)
    return re.findall(r"<td>([^<]*)</td></tr>", part)
