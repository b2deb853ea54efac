"""What identifies a customer is answered to nobody whose role need not see it, on whatever route they ask."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.access.scopes import SEES_PERSONAL, Role
from api.access.sessions import CSRF_HEADER
from api.access.table import TABLE
from api.planning import PolicyPlanner
from api.privacy.masking import masked_case
from api.recovery import default_policy
from tests.api.access.people import CHEAP, add_user, browser, sign_in, token_in
from tests.api.access.test_table import STREAMS
from tests.api.conftest import Opener
from tests.api.privacy.conftest import CUSTOMER, NAMES, PERSONAL, TEXT, Quoting, said
from tests.api.privacy.looking import in_bytes

THREAD = "hilo-66201"
PLANTED = (*PERSONAL.values(), *NAMES, CUSTOMER["id"], THREAD, "carta-7731")


async def plant(service: httpx.AsyncClient) -> dict[str, str]:
    """Have a case, a delivery and a correction of a message full of personal data, and notes as full; return ids."""
    hook = {"name": "crm", "url": "https://crm.example/hook", "events": ["case.opened"]}
    destination = (await service.post("/v1/destinations", json=hook)).json()["destination_id"]
    accepted = (await service.post("/v1/messages", json=said())).json()
    case = (await service.get(f"/v1/cases/{accepted['case_id']}")).json()
    step = case["steps"][0]["id"]
    done = await service.post(f"/v1/cases/{case['case_id']}/steps/{step}/complete", json={"by": "ana", "note": TEXT})
    given = {"owner": "senior_care", "note": TEXT}
    moved = await service.post(f"/v1/cases/{case['case_id']}/reassign", json=given)
    corrected = {"labels": {"complaint": True}, "comment": TEXT, "reviewer": "ana"}
    right = await service.post(f"/v1/messages/{accepted['message_id']}/feedback", json=corrected)
    assert (done.status_code, moved.status_code, right.status_code) == (200, 200, 201)
    known = {"message_id": accepted["message_id"], "case_id": accepted["case_id"], "destination_id": destination}
    return {**known, "step": step, "form": "jsonl"}


def filled(pattern: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern


@pytest.mark.anyio
async def test_no_route_tells_a_manager_or_an_engineer_who_a_customer_is(
    open_service: Opener, anyio_backend: str
) -> None:
    settings: dict[str, Any] = {"signin": CHEAP, "delivery": {"allow": ["crm.example"]}}
    async with open_service(Quoting(), PolicyPlanner(default_policy()), **settings) as service:
        ids = await plant(service)
        told: dict[Role, dict[str, set[str]]] = {}
        answered: dict[Role, set[str]] = {}
        for role in Role:
            await add_user(service, role, role)
            async with browser(service) as person:
                assert (await sign_in(person, role)).status_code == 303
                for method, pattern in TABLE:
                    if method != "GET" or (method, pattern) in STREAMS:
                        continue
                    answer = await person.get(
                        filled(pattern, ids), params={"masked": "false"} if "form" in pattern else {}
                    )
                    if answer.status_code == 200:
                        answered.setdefault(role, set()).add(pattern)
                    if held := in_bytes(answer.content, PLANTED):
                        told.setdefault(role, {})[pattern] = held

    assert {role: held for role, held in told.items() if role not in SEES_PERSONAL} == {}
    assert set(told) == set(SEES_PERSONAL)
    assert {CUSTOMER["id"], THREAD, PERSONAL["phone"]} <= told[Role.AGENT]["/v1/cases/{case_id}"]
    for role in (Role.MANAGER, Role.ENGINEER):
        assert {"/v1/cases", "/v1/cases/{case_id}", "/v1/export.{form}", "/review"} <= answered[role]


@pytest.mark.anyio
async def test_a_manager_who_changes_a_case_is_not_told_either(open_service: Opener, anyio_backend: str) -> None:
    async with open_service(Quoting(), signin=CHEAP) as service:
        ids = await plant(service)
        await add_user(service, "bia", Role.MANAGER)
        async with browser(service) as person:
            assert (await sign_in(person, "bia")).status_code == 303
            person.headers[CSRF_HEADER] = token_in((await person.get("/account")).text)
            shown = await person.post(f"/v1/cases/{ids['case_id']}/steps/resolve/complete", json={})
            ended = await person.post(f"/v1/cases/{ids['case_id']}/close", json={"outcome": "recovered", "note": TEXT})

    for answer in (shown, ended):
        assert answer.status_code == 200, answer.text
        assert in_bytes(answer.content, PLANTED) == set()
    assert ended.json()["customer"] == {"country": "AR", "value_tier": "gold"}
    assert "al <PHONE>. Mi CPF es <CPF>," in ended.json()["history"][-1]["detail"]["note"]


def test_a_masked_case_keeps_its_shape() -> None:
    steps = [{"id": "greet", "note": "Llamé al +55 11 98765-4321."}, {"id": "resolve", "note": None}]
    history = [{"event": "case.closed", "detail": {"outcome": "recovered", "note": None}}, {"event": "x", "detail": {}}]
    case = {"case_id": "1", "thread_id": "t", "customer": {"id": "c", "country": "BR", "name": "Eva"}, "steps": steps,
            "history": history, "plan": {"priority": "urgent"}}  # fmt: skip

    shown = masked_case(case)

    assert set(shown) == set(case)
    assert (shown["thread_id"], shown["customer"], shown["plan"]) == (None, {"country": "BR"}, case["plan"])
    assert [step["note"] for step in shown["steps"]] == ["Llamé al <PHONE>.", None]
    assert shown["history"] == history
    assert masked_case({"case_id": "1", "thread_id": None, "customer": None})["customer"] is None
