import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from classifier import ComplaintClassifier
from classifier.cli import app
from classifier.errors import InputError
from classifier.taxonomy import TASKS
from tests.conftest import CORPORA
from training.corpus import read_messages
from training.evaluation import classified, coverage_at_precision
from training.pipeline import measure
from training.report import Report, build_report, figures_path, write_report
from training.report.bootstrap import SAMPLES
from training.report.contents import precision_curve, reliability
from training.report.findings import findings
from training.report.page import points, render

pytestmark = pytest.mark.training

VALIDATION = CORPORA / "validation.jsonl"
HOSTILE = "<script>alert(1)</script>$&\"'"


class Page(HTMLParser):
    """Collects the tags, what is linked, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def report(tiny: ComplaintClassifier) -> Report:
    examples = read_messages(VALIDATION)
    return build_report(tiny, examples, classified(tiny, examples), VALIDATION.name)


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return render(report)


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *(str(a) for a in arguments)], prog_name="recupera")


def test_the_page_runs_nothing_and_fetches_nothing(html: str) -> None:
    page = Page(html)
    assert not {"script", "img", "link", "iframe", "object", "embed"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert not re.search(r"url\((?!#)|@import", html)
    assert page.tags.count("svg") >= 3 * len(TASKS)


def test_every_entry_of_the_contents_leads_somewhere_and_no_id_is_double(html: str) -> None:
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert {f"task-{task.id}" for task in TASKS} <= set(page.ids)


def test_the_page_has_a_title_and_is_made_for_phones_and_the_dark(html: str) -> None:
    assert "<title>tiny 0.0.1 on validation.jsonl</title>" in html
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html


def test_what_comes_from_messages_is_never_markup(tiny: ComplaintClassifier) -> None:
    examples = [
        replace(e, id=HOSTILE, source=HOSTILE, channel=HOSTILE, text=f"{e.text} {HOSTILE} ana@example.org")
        for e in read_messages(VALIDATION)[:40]
    ]
    page = Page(render(build_report(tiny, examples, classified(tiny, examples), HOSTILE)))
    assert "script" not in page.tags
    assert HOSTILE in page.text
    assert "ana@example.org" not in page.text
    assert "<EMAIL>" in page.text


def test_figures_agree_with_what_evaluate_prints_without_a_report(report: Report, tiny: ComplaintClassifier) -> None:
    figures = report.to_dict()
    assert figures["scores"] == measure(tiny, report.examples)
    for name, value in figures["scores"]["all"].items():
        if name != "messages":
            assert figures["figures"][name]["value"] == pytest.approx(value, abs=1.1e-4)


def test_json_tells_everything_but_the_messages(report: Report) -> None:
    figures = report.to_dict()
    assert figures["bootstrap"]["samples"] == SAMPLES
    assert set(figures["tasks"]) == set(figures["mistakes"]) == {task.id for task in TASKS}
    for item in figures["tasks"].values():
        if item["confusion"]:
            assert sum(map(sum, item["confusion"]["counts"])) == item["messages"]
        assert 0 <= item["coverage"]["coverage"] <= 1
        assert sum(row["gold"] for row in item["labels"].values()) >= item["messages"]
    assert {part["dimension"] for part in figures["slices"]} >= {"language", "variety", "source", "channel"}
    written = json.dumps(figures, ensure_ascii=False)
    assert not any(e.text in written for e in report.examples if len(e.text) > 30)


def test_each_task_s_coverage_is_marked_where_the_curve_says(report: Report) -> None:
    for item in report.tasks:
        assert item.coverage == 0 or any(c == pytest.approx(item.coverage) for c, _ in item.curve)
        assert report.figures[f"{item.task.id} coverage at 95% precision"].value == pytest.approx(item.coverage)


def test_findings_speak_of_coverage_languages_and_calibration(report: Report) -> None:
    told = " ".join(findings(report))
    assert "at 95% precision: complaint" in told
    assert re.search("language|behind", told)
    assert re.search("[Cc]alibration error", told)


def test_curve_and_reliability_worked_out_by_hand() -> None:
    decided = [(0.9, True), (0.8, False), (0.8, True), (0.3, False)]
    assert precision_curve(decided, 5) == ((0.2, 1.0), (0.6, 2 / 3), (0.8, 0.5))
    assert precision_curve([], 5) == ()
    assert len(precision_curve([(i / 5000, True) for i in range(5000)], 5000)) <= 420
    last = precision_curve([(i / 5000, True) for i in range(5000)], 5000)[-1]
    assert last == (1.0, 1.0)
    low, high = reliability([(0.01, False), (0.03, True), (1.0, True)])
    assert (low.count, low.mean, low.true) == (2, pytest.approx(0.02), 0.5)
    assert (high.low, high.high, high.count) == (pytest.approx(14 / 15), 1.0, 1)
    assert coverage_at_precision([p for p, _ in decided], [hit for _, hit in decided], messages=5) == (0.2, 0.9)


def test_points_have_a_sign_unless_nothing() -> None:
    assert [points(v) for v in (0.0123, -0.0123, -0.0001)] == ["+1.2", "−1.2", "0.0"]


def test_evaluate_writes_the_page_and_its_figures(tiny_model: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    table = evaluate(VALIDATION, "--model", tiny_model, "--report", page)
    assert table.exit_code == 0, table.output
    assert "95% interval" in table.output
    assert "severity kappa" in table.output
    figures = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert figures["messages"] == 200
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_and_report_go_together_and_small_sets_are_told_too(tiny_model: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join(VALIDATION.read_text(encoding="utf-8").splitlines(keepends=True)[:3]), encoding="utf-8")
    result = evaluate(few, "--model", tiny_model, "--json", "--report", tmp_path / "r.html")
    assert json.loads(result.stdout)["all"]["messages"] == 3
    assert "Too few messages" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["slices"] == []


def test_a_report_that_cannot_be_is_refused_before_the_work(tiny_model: Path, tmp_path: Path) -> None:
    for name, reason in (("report.json", "must end in .html"), ("nowhere/report.html", "there is no folder")):
        result = evaluate(VALIDATION, "--model", tiny_model, "--report", tmp_path / name)
        assert result.exit_code == 2
        assert reason in result.stderr


def test_a_page_that_cannot_be_written_is_one_line(report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(InputError, match=r"--report .*report\.html"):
        write_report(report, tmp_path / "report.html")
    assert figures_path(tmp_path / "a.HTM") == tmp_path / "a.json"


@pytest.mark.parametrize("page", ["sample.html", "./sample.HTM"])
def test_a_report_is_never_written_over_the_messages(tiny_model: Path, tmp_path: Path, page: str) -> None:
    sample = tmp_path / "sample.json"
    sample.write_bytes(before := VALIDATION.read_bytes())
    result = evaluate(sample, "--model", tiny_model, "--report", tmp_path / page)
    assert result.exit_code == 2
    assert "sample.json is an input, and would be lost" in " ".join(result.stderr.split())
    assert sample.read_bytes() == before


def test_neither_page_nor_figures_go_over_an_input(tmp_path: Path) -> None:
    for name in ("a.html", "texts.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "b.json").symlink_to(tmp_path / "texts.json")
    inputs = [tmp_path / "absent.json", tmp_path / "a.html", tmp_path / "texts.json"]
    for name in ("a.html", "b.html", "texts.htm"):
        with pytest.raises(InputError, match="is an input, and would be lost"):
            figures_path(tmp_path / name, inputs)
    assert figures_path(tmp_path / "absent.html", inputs) == tmp_path / "absent.json"
