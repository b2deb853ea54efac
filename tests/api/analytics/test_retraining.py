import pytest

from api.analytics.calibration import Outcome
from api.analytics.figures import Count, Drift
from api.analytics.retraining import Reason, verdict

RIGHT = Outcome("severity", 0.92, True)


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
    assert (told.worth_it, [reason.reason for reason in told.because]) == (worth_it, because)


def test_a_reason_comes_with_its_numbers() -> None:
    assert verdict([RIGHT] * 3, 3, []).because == [Reason("few", 3, 200)]
    assert verdict([], 0, [Drift("motive", 0.4, Count(500, 500))]).because == [Reason("moved", 0.4, task="motive")]
