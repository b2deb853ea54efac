from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.case_changes import reopen
from api.cases import close as close_case
from api.store.database import Store
from api.store.records import Outcome
from tests.api.labelled import GRAVE, Counter
from tests.api.test_cases import case_of, close
from tests.api.test_messages import message, post

pytestmark = pytest.mark.anyio


async def change(service: httpx.AsyncClient, case_id: str, name: str, **said: Any) -> httpx.Response:
    return await service.post(f"/v1/cases/{case_id}/{name}", json=said)


async def test_a_case_is_given_to_somebody_else(service: httpx.AsyncClient) -> None:
    case_id = (await post(service))["case_id"]
    before = await case_of(service, case_id)
    answer = await change(service, case_id, "reassign", owner="senior_care", by="ana", note="Pide hablar con alguien.")
    assert answer.status_code == 200
    case = answer.json()
    assert case["owner"] == "senior_care"
    last = case["history"][-1]
    assert (last["event"], last["actor"]) == ("case.reassigned", "ana")
    assert last["detail"]["previous_owner"] == before["owner"] == "desk"
    assert case["resolution_due"] == before["resolution_due"]
    again = await change(service, case_id, "reassign", owner="senior_care", by="bea")
    assert again.json() == case
    assert (await change(service, case_id, "reassign")).status_code == 422
    assert (await change(service, case_id, "reassign", owner="x", secreto=1)).status_code == 422
    await close(service, case_id)
    refused = await change(service, case_id, "reassign", owner="desk")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:recupera:problem:conflict")


async def test_a_cancelled_case_has_no_outcome_and_is_not_joined(service: httpx.AsyncClient) -> None:
    case_id = (await post(service, "1", thread_id="t"))["case_id"]
    case = (await change(service, case_id, "cancel", by="ana", note="Era una prueba.")).json()
    assert (case["status"], case["outcome"]) == ("cancelled", None)
    assert {step["status"] for step in case["steps"]} == {"skipped"}
    assert case["history"][-1]["event"] == "case.cancelled"
    assert (await change(service, case_id, "cancel")).json() == case
    assert (await close(service, case_id)).status_code == 409
    assert (await change(service, case_id, "steps/greet/complete")).status_code == 409
    assert (await service.post("/v1/messages", json=message("2", thread_id="t"))).json()["case_id"] != case_id
    listed = (await service.get("/v1/cases", params={"status": "cancelled"})).json()["cases"]
    assert [found["case_id"] for found in listed] == [case_id]


async def test_a_closed_case_is_not_cancelled(service: httpx.AsyncClient) -> None:
    case_id = (await post(service))["case_id"]
    await close(service, case_id)
    assert (await change(service, case_id, "cancel")).status_code == 409


async def test_a_reopened_case_goes_on_where_it_was_left(service: httpx.AsyncClient) -> None:
    case_id = (await post(service, "1", thread_id="t"))["case_id"]
    await change(service, case_id, "steps/greet/complete", by="ana")
    before = await case_of(service, case_id)
    await close(service, case_id, "lost")
    answer = await service.post(f"/v1/cases/{case_id}/reopen")
    assert answer.status_code == 200, answer.text
    case = answer.json()
    assert (case["status"], case["outcome"], case["closed_at"]) == ("open", None, None)
    assert (case["openings"], case["workflow_version"]) == (2, "1")
    assert [step["status"] for step in case["steps"]] == ["done", "pending", "pending"]
    assert case["resolution_due"] > before["resolution_due"]
    last = case["history"][-1]
    assert (last["event"], last["detail"]["outcome"], last["detail"]["was"]) == ("case.reopened", "lost", "closed")
    assert (await change(service, case_id, "reopen")).json() == case
    assert (await service.post("/v1/messages", json=message("2", thread_id="t"))).json()["case_id"] == case_id
    assert (await close(service, case_id)).status_code == 200


async def test_a_reopened_case_is_put_off_alike_everywhere_and_not_past_the_law(store: Store) -> None:
    counter = await Counter.opened(store)
    opened = datetime(2025, 3, 3, 12, tzinfo=UTC)
    law = datetime(2025, 4, 3, 21, 59, 59, tzinfo=UTC)  # a month in Madrid, where summer time began meanwhile
    case = await counter.complain({**GRAVE, "severity": "low"}, received_at=opened)
    before = await counter.steps(case)
    async with store.write() as connection:
        await close_case(connection, case.id, Outcome.LOST, by=None, note=None, now=opened)
        case = await reopen(connection, case.id, by=None, note=None, now=opened + timedelta(days=28))
    assert case.plan is not None
    deadlines = {deadline["kind"]: deadline for deadline in case.plan["deadlines"]}
    assert (case.resolution_due, deadlines["resolution"]["due"]) == (law, "2025-04-03T21:59:59Z")
    assert deadlines["resolution"]["local"] == "2025-04-03T23:59:59+02:00"
    planned = {step["id"]: step["due"] for step in case.plan["steps"]}
    for name, step in (await counter.steps(case)).items():
        due = before[name].due_at
        assert due is not None
        assert step.due_at == max(due, min(due + timedelta(days=28), law)), name
        assert planned[name] == step.content["due"] == step.due_at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("name", ["cancel", "reopen", "reassign"])
async def test_there_is_nothing_to_change_of_no_case(service: httpx.AsyncClient, name: str) -> None:
    said = {"owner": "desk"} if name == "reassign" else {}
    answer = await change(service, "nothing", name, **said)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:recupera:problem:not-found")
