from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.cases import close
from api.privacy.erasing import erase_customer
from api.recovery import default_policy
from api.store import cases
from api.store.records import CaseRecord, Outcome
from api.workflow.follow_up import follow_up, follow_up_at
from api.workflow.turn import Look, look
from tests.api.workflow.conftest import Desk
from tests.api.workflow.test_agenda import START, case

POLICY = default_policy().model_dump(mode="json")


def planned(span: str, country: str | None = None) -> CaseRecord:
    deadlines = [
        {"kind": "resolution", "due": START.isoformat()},
        {"kind": "follow_up", "due": (START + timedelta(days=4)).isoformat(), "span": span},
    ]
    customer = {"id": "c", "country": country} if country else None
    return replace(case(), plan={"deadlines": deadlines}, customer=customer, policy_version="default")


@pytest.mark.parametrize(
    ("country", "zone", "closed", "day"),
    [
        ("BR", "America/Sao_Paulo", datetime(2026, 9, 3, 15), 9),  # Friday, Tuesday, Wednesday: Monday is a holiday
        ("ES", "Europe/Madrid", datetime(2026, 9, 3, 15), 8),
        ("ES", "Europe/Madrid", datetime(2026, 10, 22, 15), 27),  # over the night that has an hour more
        ("CL", "America/Santiago", datetime(2026, 9, 3, 15), 8),  # over the night that has an hour less
    ],
)
def test_the_days_are_those_of_the_customers_calendar(country: str, zone: str, closed: datetime, day: int) -> None:
    end = closed.replace(tzinfo=ZoneInfo(zone))
    found = follow_up_at(planned("3 business days", country), POLICY, end)
    assert found is not None
    assert found.utcoffset() == timedelta()
    assert found.astimezone(ZoneInfo(zone)).day == day
    assert 9 <= found.astimezone(ZoneInfo(zone)).hour <= 20


@pytest.mark.parametrize("policy", [None, {"queues": ["desk"]}])
@pytest.mark.parametrize("span", ["3 business days", "sometime"])
def test_a_plan_of_another_kind_is_followed_up_as_late_as_it_said(policy: Any, span: str) -> None:
    found = replace(planned(span), policy_version=f"another {span} {policy}")
    end = datetime(2026, 6, 1, tzinfo=UTC)
    assert follow_up_at(found, policy, end) == end + timedelta(days=4)


def test_without_a_follow_up_in_the_plan_there_is_none() -> None:
    end = datetime(2026, 6, 1, tzinfo=UTC)
    assert follow_up_at(case(), POLICY, end) is None
    assert follow_up_at(replace(case(), plan=None), POLICY, end) is None


@pytest.mark.anyio
async def test_nobody_looks_again_at_a_case_whose_customer_was_erased(desk: Desk) -> None:
    case_id, now = await desk.complain(customer={"id": "ana"}), datetime.now(UTC)
    async with desk.store.write() as connection:
        await close(connection, case_id, Outcome.RECOVERED, by=None, note=None, now=now)
    await erase_customer(desk.store, "ana", at=now)
    assert await look(desk.store, case_id, 1, now) == Look(open=False)  # the workflow hears of the end only now
    assert (await desk.case(case_id)).next_at is None
    async with desk.store.write() as connection:  # as it was left before
        await cases.save(connection, replace(await desk.case(case_id), next_at=now))
    assert not await follow_up(desk.store, case_id, 1, now)
    assert (await desk.case(case_id)).next_at is None
    assert not await desk.events(case_id, "step.due")
