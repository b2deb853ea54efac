from datetime import date

import httpx
import pytest

from api.analytics.figures import Count, DayPrecision, Drift, Precision, Ratio
from api.console.views.model import Outcome, coverage, outcomes, reliability, task_rows, verdict
from api.console.views.weeks import weeks_of
from api.store.reviewing import Judged
from tests.api.console.conftest import page, submit
from tests.api.test_messages import post
from tests.classifier.test_card import classification

RIGHT, WRONG = Outcome("severity", 0.92, True), Outcome("severity", 0.55, False)


def test_an_answer_is_right_if_the_person_left_it() -> None:
    labels = {"complaint": True, "motive": ["venting", "restitution"], "severity": "high", "guarantee": True}
    found = outcomes([Judged(classification().to_dict(), labels, "m 1")])
    assert {outcome.task: (round(outcome.sureness, 2), outcome.right) for outcome in found} == {
        "complaint": (0.98, True),
        "motive": (0.97, False),
        "severity": (0.7, True),
        "guarantee": (0.9, False),
    }


def test_what_the_model_did_not_decide_is_not_counted() -> None:
    undecided = {**classification().to_dict(), "severity": None, "complaint": {"label": None, "probability": None}}
    assert outcomes([Judged(undecided, {"complaint": True, "severity": "low"}, "m")]) == []


def test_reliability_puts_answers_of_like_sureness_together() -> None:
    found = reliability([RIGHT, RIGHT, WRONG, Outcome("tone", 1.0, True)])
    assert [(part.count, round(part.sureness, 3), round(part.right, 3)) for part in found] == [
        (1, 0.55, 0.0),
        (3, 0.947, 1.0),
    ]


def test_leaving_unsure_answers_to_people_makes_the_rest_better() -> None:
    rows = {row.threshold: row for row in coverage([RIGHT, WRONG])}
    assert (rows[0.0].share, rows[0.0].right) == (1.0, 0.5)
    assert (rows[0.9].share, rows[0.9].right) == (0.5, 1.0)
    assert (rows[0.95].share, rows[0.95].right) == (0.0, None)
    assert coverage([])[0].right is None


def test_the_error_is_how_far_sureness_and_truth_are_apart() -> None:
    (row,) = task_rows([RIGHT, RIGHT, WRONG, WRONG])
    assert (row.count, row.right) == (4, 0.5)
    assert row.error == pytest.approx((0.08 + 0.55) / 2)


@pytest.mark.parametrize(
    ("found", "reviewed", "drift", "worth_it", "because"),
    [
        ([RIGHT] * 10, 10, [], None, ["few"]),
        ([RIGHT] * 300, 300, [], False, ["right"]),
        ([RIGHT] * 1500 + [Outcome("tone", 0.1, False)] * 150, 300, [], True, ["lessons"]),
        ([RIGHT] * 100 + [Outcome("tone", 0.95, False)] * 100, 200, [], True, ["calibration"]),
        ([], 0, [Drift("motive", 0.4, Count(500, 500))], True, ["moved"]),
        ([], 0, [Drift("motive", 0.4, Count(500, 10))], None, ["few"]),
    ],
)
def test_training_again_is_worth_it_for_a_reason(
    found: list[Outcome], reviewed: int, drift: list[Drift], worth_it: bool | None, because: list[str]
) -> None:
    told = verdict(found, reviewed, drift)
    assert (told.worth_it, [key for key, _ in told.because]) == (worth_it, because)


def test_days_are_added_to_weeks() -> None:
    days = [
        DayPrecision(date(2026, 11, 23), 1, {"severity": Ratio(1, 2), "tone": Ratio(1, 1)}),
        DayPrecision(date(2026, 11, 29), 1, {"severity": Ratio(0, 1)}),
        DayPrecision(date(2026, 11, 30), 0, {}),
    ]
    (week,) = weeks_of(Precision(Count(2, 0), [], days, {}))
    assert (week.start, week.right) == (date(2026, 11, 23), Ratio(2, 4))


@pytest.mark.anyio
async def test_the_page_tells_what_people_found(console: httpx.AsyncClient) -> None:
    empty = await page(console, "/model")
    assert "Only 0 messages" in empty
    for number in range(3):
        message_id = (await post(console, str(number), "No llegó ¿?"))["message_id"]
        await submit(console, f"/review/{message_id}", complaint="yes", severity=("high", "high", "low")[number])
    text = await page(console, "/model")
    assert "What people found in 3 messages" in text
    assert '<th scope="row">severity</th><td class="number">3</td><td class="number">67%</td>' in text
