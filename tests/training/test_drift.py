import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from classifier.calibration import Calibration, columns
from classifier.cli import app
from classifier.errors import InputError
from classifier.taxonomy import TASKS
from tests.conftest import CORPORA
from training.drift import (
    MIN_MESSAGES,
    Change,
    Period,
    Report,
    certainty,
    compare,
    holm,
    homogeneity,
    judge,
    separability,
    stability_index,
)
from training.messages import Answers

WHERE = columns()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], prog_name="recupera")


def period(
    size: int, seed: int, *, favoured: dict[str, int] | None = None, scale: float = 2.0, length: int = 200
) -> Period:
    """Make up a period; ``favoured`` labels (task and column) have a higher logit, all have ``scale`` for spread."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, scale, (size, sum(t.width for t in TASKS))).astype(np.float32)
    logits[:, WHERE["complaint"]] += 2 * scale
    for task, column in (favoured or {}).items():
        logits[:, WHERE[task].start + column] += 1.5 * scale
    calibration = Calibration.neutral()
    calibration = Calibration({k: replace(v, review_below=0.6 * (k == "tone")) for k, v in calibration.tasks.items()})
    found = {t.id: calibration[t.id].probabilities(t, logits[:, WHERE[t.id]]) for t in TASKS}
    languages = [("es", "pt")[i % 2] for i in range(size)]
    return Period(Answers(logits, found, calibration), languages, list(chance.integers(length // 2, length * 2, size)))


def moved(report: Report) -> dict[str, str]:
    return {c.what: c.size for c in report.changes if c.size != "none"}


@pytest.mark.parametrize("seed", range(5))
def test_two_halves_of_the_same_show_no_drift(seed: int) -> None:
    report = compare(period(400, 2 * seed), period(250, 2 * seed + 1))
    assert moved(report) == {}
    assert (report.verdict.drift, report.verdict.retrain) == (False, False)
    assert report.verdict.summary == "no sign of drift"
    assert report.messages == (400, 250)


def test_a_mix_that_moved_a_lot_is_named_and_asks_for_retraining() -> None:
    report = compare(period(400, 1), period(400, 2, favoured={"motive": 3, "touchpoint": 2}))
    found = moved(report)
    assert found["motive"] == found["touchpoint"] == "large"
    assert "severity" not in found
    assert "the mix of motive has moved: altruism 49% → 93%" in report.verdict.summary
    assert report.verdict.retrain
    assert "the mix of motive moved a lot" in report.verdict.because
    motive = next(c for c in report.changes if c.what == "motive")
    assert motive.before is not None
    assert motive.after is not None
    assert motive.after["altruism"] > motive.before["altruism"] + 0.2


def test_a_model_that_is_less_sure_asks_for_retraining() -> None:
    report = compare(period(400, 1, scale=3.0), period(400, 2, scale=1.0))
    assert moved(report)["certainty"] == "large"
    assert report.verdict.retrain
    assert "the model is less sure (mean 0." in report.verdict.because
    assert report.review[1] > report.review[0] + 0.2
    surer = compare(period(400, 1, scale=1.0), period(400, 2, scale=3.0))
    assert "less sure" not in surer.verdict.because


def test_language_and_length_alone_ask_for_none() -> None:
    later = replace(period(400, 2, length=600), languages=["pt"] * 300 + ["es"] * 100)
    report = compare(period(400, 1), later)
    assert set(moved(report)) == {"language", "length"}
    assert (report.verdict.drift, report.verdict.retrain) == (True, False)
    assert "es 50% → 25%, pt 50% → 75%" in report.verdict.summary


def test_with_many_messages_what_is_significant_need_not_matter() -> None:
    before, after = period(6000, 1), period(6000, 2)
    after = replace(after, languages=["es"] * 3300 + ["pt"] * 2700)
    language = next(c for c in compare(before, after).changes if c.what == "language")
    assert language.adjusted_p < 0.001
    assert language.effect < 0.1
    assert language.size == "none"


def test_a_large_effect_of_few_messages_need_not_be_significant() -> None:
    change = Change("tone", "PSI", 0.4, 0.2, "", adjusted_p=0.9)
    assert change.size == "none"
    assert [replace(change, adjusted_p=0.01, effect=e).size for e in (0.05, 0.1, 0.3)] == ["none", "some", "large"]


def test_tasks_asked_of_too_few_are_not_compared() -> None:
    before, after = period(200, 1), period(200, 2)
    after.answers.probabilities["complaint"][30:] = 0.0
    found = {c.what for c in compare(before, after).changes}
    assert "severity" not in found
    assert {"complaint", "touchpoint", "tone", "language", "length", "certainty", "content"} <= found


def test_too_few_messages_are_refused() -> None:
    with pytest.raises(InputError, match="20 messages after: at least 50"):
        compare(period(100, 1), period(20, 2))


def test_figures_worked_out_by_hand() -> None:
    table = np.array([[60, 40], [40, 60]])
    shares = np.array([60.5, 40.5]) / 101
    assert stability_index(table) == pytest.approx(
        2 * (shares[0] - shares[1]) * np.log(shares[0] / shares[1]), abs=1e-4
    )
    assert homogeneity(table) == pytest.approx(0.00468, abs=1e-4)  # chi-square 8 with one degree of freedom
    assert stability_index(table[[0, 0]]) == 0
    assert homogeneity(np.array([[10, 0], [12, 0]])) == 1.0
    assert homogeneity(np.array([[90, 2, 1], [90, 0, 0]])) == pytest.approx(homogeneity(np.array([[90, 3], [90, 0]])))
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusting_raises_p_values_and_keeps_their_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(p <= a <= 1 for p, a in zip(values, adjusted, strict=True))
    order = np.argsort(values, kind="stable")
    assert list(np.array(adjusted)[order]) == sorted(adjusted)
    assert min(adjusted) == pytest.approx(min(1.0, min(values) * len(values)))


def test_periods_are_told_apart_where_they_differ_and_only_there() -> None:
    chance = np.random.default_rng(1)
    same = chance.normal(size=(300, 10))
    other = same.copy()
    other[150:, 0] += 2
    area, p = separability(other, 150, 1)
    assert area > 0.85
    assert p < 1e-6
    area, p = separability(same, 150, 1)
    assert area < 0.6
    assert p > 0.05


def test_certainty_is_the_mean_of_the_likeliest_answers_that_every_message_has() -> None:
    some = period(50, 1).answers
    rows = [some.probabilities[name] for name in ("complaint", "touchpoint", "tone")]
    first = [max(rows[0][0, 0], 1 - rows[0][0, 0]), rows[1][0].max(), rows[2][0].max()]
    assert certainty(some)[0] == pytest.approx(np.mean(first))


def test_the_verdict_of_small_moves_is_no() -> None:
    change = Change("tone", "PSI", 0.12, 0.001, "angry 20% → 30%", adjusted_p=0.01)
    verdict = judge([change])
    assert (verdict.drift, verdict.retrain) == (True, False)
    assert verdict.summary == "the mix of tone has moved: angry 20% → 30%"


def corpus(path: Path, name: str, count: int, at: str) -> Path:
    lines = (CORPORA / name).read_text(encoding="utf-8").splitlines()[:count]
    rows = [{"text": json.loads(line)["text"], "received_at": at} for line in lines]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


def test_two_files_and_one_file_with_a_date_say_the_same(tmp_path: Path) -> None:
    before = corpus(tmp_path / "a.jsonl", "es-es.jsonl", 60, "2026-03-31T23:59:59Z")
    after = corpus(tmp_path / "b.jsonl", "pt-pt.jsonl", MIN_MESSAGES, "2026-04-01")
    both = tmp_path / "both.jsonl"
    unusable = '{"text": "Where is it?", "language": "en", "received_at": "2026-03-01"}\n[\n'
    both.write_text(unusable + after.read_text() + before.read_text())
    files = run("drift", before, after, "--json")
    assert files.exit_code == 0, files.output
    report = json.loads(files.stdout)
    assert report["messages"] == {"before": 60, "after": MIN_MESSAGES}
    language = next(c for c in report["changes"] if c["what"] == "language")
    assert (language["size"], language["after"]["pt"]) == ("large", 1.0)
    split = run("drift", both, "--at", "2026-04-01", "--json")
    assert split.exit_code == 0, split.output
    assert json.loads(split.stdout) == report
    assert "line 1: language must be one of" in split.stderr, "what is no message needs no date"
    shown = run("drift", before, after)
    assert "The mix of languages has moved: es 100% → 0%" in " ".join(shown.output.split())
    assert "Retraining is worth it: " in " ".join(shown.output.split())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("{}/a.jsonl",), "name a second file, or the date"),
        (("{}/a.jsonl", "{}/a.jsonl", "--at", "2026-01-01"), "not both"),
        (("{}/a.jsonl", "{}/a.jsonl"), "5 messages before: at least 50"),
        (("{}/a.jsonl", "--at", "ayer"), "--at ayer: not a date"),
        (("{}/a.jsonl", "--at", "2026-01-01", "--time-column", "when"), "line 1, when: not a date"),
        (("{}/a.jsonl", "--at", "2026-01-01"), "0 messages before"),
        (("{}/none.jsonl", "{}/a.jsonl"), "there is no file"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    corpus(tmp_path / "a.jsonl", "es-es.jsonl", 5, "2026-03-31")
    result = run("drift", *(a.format(tmp_path) for a in arguments))
    assert result.exit_code == 2
    assert reason in result.stderr
