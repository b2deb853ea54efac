from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.schemas import Case
from tests.api.test_messages import message, post

pytestmark = pytest.mark.anyio


async def case_of(service: httpx.AsyncClient, case_id: str) -> dict[str, Any]:
    answer = await service.get(f"/v1/cases/{case_id}")
    assert answer.status_code == 200, answer.text
    return Case.model_validate(answer.json()).model_dump(mode="json")


async def found(service: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await service.get("/v1/cases", params=query)
    assert answer.status_code == 200, answer.text
    return [case["case_id"] for case in answer.json()["cases"]]


async def close(service: httpx.AsyncClient, case_id: str, outcome: str = "recovered", **more: Any) -> httpx.Response:
    return await service.post(f"/v1/cases/{case_id}/close", json={"outcome": outcome, **more})


async def test_a_case_is_read_with_all_that_belongs_to_it(service: httpx.AsyncClient) -> None:
    accepted = await post(service, customer={"id": "c", "value_tier": "gold"}, thread_id="t")
    case = await case_of(service, accepted["case_id"])
    assert (case["status"], case["outcome"], case["complaints"]) == ("open", None, 1)
    assert case["customer"] == {"id": "c", "value_tier": "gold"}
    assert (case["priority"], case["owner"], case["policy_version"]) == ("normal", "desk", "steady 1")
    assert case["plan"] == accepted["plan"]
    assert case["messages"] == [accepted["message_id"]]
    assert [step["status"] for step in case["steps"]] == ["pending"] * 3
    assert [happened["event"] for happened in case["history"]] == ["case.opened"]


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ({"customer": {"id": "c"}, "thread_id": "t"}, {"customer": {"id": "c"}, "thread_id": "t"}, True),
        ({"customer": {"id": "c"}, "thread_id": "t"}, {"customer": {"id": "c"}, "thread_id": "u"}, False),
        ({"customer": {"id": "c"}}, {"customer": {"id": "c"}}, True),
        ({"customer": {"id": "c"}}, {"customer": {"id": "d"}}, False),
        ({"customer": {"id": "c"}, "thread_id": "t"}, {"customer": {"id": "c"}}, False),
        ({"thread_id": "t"}, {"thread_id": "t"}, True),
        ({"thread_id": "t"}, {"thread_id": "t", "customer": {"id": "c"}}, True),
        ({"thread_id": "t"}, {"thread_id": "t", "channel": "chat"}, False),
        (
            {"thread_id": "t", "customer": {"id": "c"}},
            {"thread_id": "t", "customer": {"id": "c"}, "channel": "x"},
            True,
        ),
        ({}, {}, False),
    ],
)
async def test_who_joins_a_case(
    service: httpx.AsyncClient, first: dict[str, Any], second: dict[str, Any], *, one: bool
) -> None:
    earlier = await post(service, "1", **first)
    later = (await service.post("/v1/messages", json={**message("2"), **second})).json()
    assert (earlier["case_id"] == later["case_id"]) is one
    case = await case_of(service, later["case_id"])
    assert case["double_deviation"] is one
    assert case["complaints"] == (2 if one else 1)


async def test_a_complaint_on_an_open_case_is_planned_anew(service: httpx.AsyncClient) -> None:
    moment = datetime(2026, 5, 1, 10, tzinfo=UTC)
    first = await post(service, "1", thread_id="t", received_at=moment.isoformat())
    case_id = first["case_id"]
    await service.post(f"/v1/cases/{case_id}/steps/greet/complete")
    later = (moment + timedelta(days=3)).isoformat()
    second = await post(service, "2", "Es gravísimo.", thread_id="t", customer={"id": "c"}, received_at=later)
    assert second["case_id"] == case_id
    assert second["plan"] != first["plan"]
    case = await case_of(service, case_id)
    assert (case["priority"], case["plan"], case["customer"]) == ("urgent", second["plan"], {"id": "c"})
    assert case["resolution_due"] == "2026-05-02T10:00:00Z"  # a new plan does not put it off
    states = [(step["revision"], step["id"], step["status"]) for step in case["steps"]]
    assert states == [
        (1, "greet", "done"), (1, "resolve", "superseded"), (1, "check", "superseded"),
        (2, "greet", "pending"), (2, "resolve", "pending"), (2, "check", "pending"),
    ]  # fmt: skip
    assert [happened["event"] for happened in case["history"]] == ["case.opened", "step.completed", "case.escalated"]
    assert (
        await service.post("/v1/messages", json=message("1", thread_id="t", received_at=moment.isoformat()))
    ).json()["plan"] == second["plan"]


async def test_thanks_do_not_escalate(service: httpx.AsyncClient) -> None:
    case_id = (await post(service, "1", thread_id="t"))["case_id"]
    before = await case_of(service, case_id)
    thanks = await post(service, "2", "Ya está bien.", thread_id="t")
    assert thanks["case_id"] == case_id
    case = await case_of(service, case_id)
    assert (case["double_deviation"], case["complaints"]) == (False, 1)
    assert (case["plan"], case["steps"], case["owner"]) == (before["plan"], before["steps"], before["owner"])
    assert case["messages"][-1] == thanks["message_id"]
    assert [happened["event"] for happened in case["history"]] == ["case.opened", "customer.answered"]


async def test_who_only_asks_or_thanks_has_no_case(service: httpx.AsyncClient) -> None:
    assert (await post(service, "1", "Todo bien.", thread_id="t"))["case_id"] is None
    await post(service, "2", thread_id="u")
    assert (await post(service, "3", "Todo bien.", thread_id="t"))["case_id"] is None


async def test_a_closed_case_is_not_joined(service: httpx.AsyncClient) -> None:
    case_id = (await post(service, "1", thread_id="t"))["case_id"]
    await close(service, case_id)
    later = (await post(service, "2", thread_id="t"))["case_id"]
    assert later != case_id
    assert (await post(service, "3", thread_id="t"))["case_id"] == later


async def test_a_step_is_completed_once(service: httpx.AsyncClient) -> None:
    case_id = (await post(service))["case_id"]
    path = f"/v1/cases/{case_id}/steps/greet/complete"
    first = await service.post(path, json={"by": "ana", "note": "Llamé."})
    assert first.status_code == 200
    step = first.json()["steps"][0]
    assert (step["status"], step["completed_by"], step["note"]) == ("done", "ana", "Llamé.")
    again = await service.post(path, json={"by": "other"})
    assert again.json() == first.json()
    missing = await service.post(f"/v1/cases/{case_id}/steps/nothing/complete")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:recupera:problem:not-found")
    assert (await service.post(path, json={"secreto": 1})).status_code == 422


async def test_a_case_is_closed_once(service: httpx.AsyncClient) -> None:
    case_id = (await post(service))["case_id"]
    await service.post(f"/v1/cases/{case_id}/steps/greet/complete")
    first = await close(service, case_id, by="ana", note="Contenta.")
    assert first.status_code == 200
    closed = first.json()
    assert (closed["status"], closed["outcome"]) == ("closed", "recovered")
    assert [step["status"] for step in closed["steps"]] == ["done", "skipped", "skipped"]
    last = closed["history"][-1]
    assert (last["event"], last["actor"]) == ("case.closed", "ana")
    assert last["detail"] == {"outcome": "recovered", "note": "Contenta."}
    assert (await close(service, case_id)).json() == closed
    other = await close(service, case_id, "lost")
    assert (other.status_code, other.json()["type"]) == (409, "urn:recupera:problem:conflict")
    assert (await service.post(f"/v1/cases/{case_id}/steps/check/complete")).status_code == 409
    assert (await service.post(f"/v1/cases/{case_id}/steps/greet/complete")).status_code == 200
    assert (await close(service, case_id, "secreto")).status_code == 422


async def test_lists_are_narrowed_and_paged(service: httpx.AsyncClient) -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    made = [
        (await post(service, str(n), customer={"id": f"c{n}"}, received_at=(moment + timedelta(days=n)).isoformat()))[
            "case_id"
        ]
        for n in range(4)
    ]
    await close(service, made[0], "refused")
    await post(service, "again", customer={"id": "c1"}, received_at=(moment + timedelta(days=9)).isoformat())
    newest = made[::-1]
    assert await found(service) == newest
    assert await found(service, status="open") == newest[:3]
    assert await found(service, outcome="refused", status="closed") == [made[0]]
    assert await found(service, priority="urgent", double_deviation="true") == [made[1]]
    assert await found(service, owner="desk", channel="email", customer="c2") == [made[2]]
    due = (moment + timedelta(days=3)).isoformat()
    assert await found(service, due_before=due) == [made[1], made[0]]
    first = (await service.get("/v1/cases", params={"limit": 3})).json()
    assert await found(service, limit=3, cursor=first["next_cursor"]) == [made[0]]
    for wrong in ({"status": "x"}, {"limit": 0}, {"due_before": "2026-01-01"}, {"severity": "low"}):
        assert (await service.get("/v1/cases", params=wrong)).status_code == 422
