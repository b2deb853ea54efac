"""Who did something is told by who asked: nobody writes another's name under it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.access.principal import OPEN, Principal
from api.access.scopes import EVERY_SCOPE, Role, Scope
from api.access.sessions import CSRF_HEADER
from tests.api.access.conftest import bearing, made
from tests.api.access.people import CHEAP, add_user, browser, sign_in, store_of, token_in
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio

KEY = Principal("key", "1", "crm", EVERY_SCOPE)
PERSON = Principal("user", "2", "Bia Reis", EVERY_SCOPE, Role.AGENT)


@pytest.mark.parametrize(
    ("principal", "given", "signed"),
    [
        (OPEN, "ana", "ana"),
        (OPEN, None, None),
        (KEY, "ana", "ana (key crm)"),
        (KEY, None, "key crm"),
        (KEY, "", "key crm"),
        (PERSON, "ana", "Bia Reis"),
        (PERSON, None, "Bia Reis"),
    ],
)
async def test_a_name_is_that_of_who_asks(principal: Principal, given: str | None, signed: str | None) -> None:
    assert principal.signs(given) == signed


async def test_a_name_fits_where_it_is_stored_and_always_ends_with_the_key() -> None:
    long = Principal("key", "1", "k" * 128, EVERY_SCOPE).signs("a" * 128)

    assert long is not None
    assert len(long) == 128
    assert long.endswith(f"a (key {'k' * 60})")


async def changes(caller: httpx.AsyncClient, service: httpx.AsyncClient, name: str, **more: Any) -> list[str | None]:
    """Do all that is done in somebody's name, as ``ana``; return the names under it."""
    message = {"channel": "chat", "external_id": name, "text": "Llegó roto y nadie responde."}
    at = (await service.post("/v1/messages", json=message, **more)).json()
    case = f"/v1/cases/{at['case_id']}"
    for change, body in (
        ("steps/greet/complete", {}),
        ("reassign", {"owner": "senior_care"}),
        ("close", {"outcome": "recovered"}),
        ("reopen", {}),
        ("cancel", {}),
    ):
        answer = await caller.post(f"{case}/{change}", json={"by": "ana", **body})
        assert answer.status_code == 200, answer.text
    labels = {"labels": {"complaint": True}, "reviewer": "ana"}
    kept = await caller.post(f"/v1/messages/{at['message_id']}/feedback", json=labels)
    assert kept.status_code == 201, kept.text
    shown = answer.json()
    names = [happened["actor"] for happened in shown["history"][1:]]
    return [*names, shown["steps"][0]["completed_by"], kept.json()["reviewer"]]


async def test_every_change_has_the_name_of_who_made_it(open_service: Opener) -> None:
    async with open_service(Marked(), signin=CHEAP) as service:
        assert await changes(service, service, "1") == ["ana"] * 7

        taking_in = bearing(await made(store_of(service), Scope.INGEST, name="intake"))
        crm = await made(store_of(service), Scope.READ, Scope.WRITE, name="crm")
        await add_user(service, "bia", Role.AGENT)
        async with browser(service) as program, browser(service) as person:
            program.headers.update(bearing(crm))
            assert await changes(program, service, "2", headers=taking_in) == ["ana (key crm)"] * 7
            assert (await sign_in(person, "bia")).status_code == 303
            person.headers[CSRF_HEADER] = token_in((await person.get("/account")).text)
            assert await changes(person, service, "3", headers=taking_in) == ["Bia"] * 7


async def test_a_key_signs_nothing_as_a_person_on_the_pages_either(open_service: Opener) -> None:
    async with open_service(Marked(), signin=CHEAP) as service:
        message = {"channel": "chat", "external_id": "1", "text": "Llegó roto y nadie responde."}
        case = (await service.post("/v1/messages", json=message)).json()["case_id"]
        crm = bearing(await made(store_of(service), Scope.READ, Scope.WRITE, name="crm"))
        service._transport.app.state.keyring.expire()  # type: ignore[attr-defined]
        form = {"outcome": "recovered", "note": ""}
        cookie = {"cookie": "recupera_name=ana"}
        closed = await service.post(f"/cases/{case}/close", data=form, headers=crm | cookie)
        shown = (await service.get(f"/v1/cases/{case}", headers=crm)).json()

    assert closed.status_code == 303
    assert shown["history"][-1]["actor"] == "ana (key crm)"
