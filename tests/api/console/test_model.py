from datetime import date

import httpx
import pytest

from api.analytics.figures import Count, DayPrecision, Precision, Ratio
from api.console.views.weeks import weeks_of
from tests.api.console.conftest import page, submit
from tests.api.test_messages import post


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
