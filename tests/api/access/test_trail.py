"""The trail says who read or changed what, and not a word of it, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.access.principal import OPEN, Principal
from api.access.scopes import Scope
from api.access.table import find
from api.access.trail import Trail
from api.store import trail
from api.store.database import Store, UnavailableError
from api.store.identifiers import new_id
from api.store.trail import TrailFilter, TrailRecord
from tests.api.access.conftest import Closed, bearing, made, store_of
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio

MESSAGE = {
    "channel": "mail",
    "external_id": "secreto-1",
    "text": "Soy Fulgencia y llegó roto.",
    "customer": {"id": "f"},
}
CRM = Principal("key", "k1", "crm", frozenset({Scope.READ}))
IDS = [new_id() for _ in range(10)]


def flushed(client: httpx.AsyncClient) -> Trail:
    kept: Trail = client._transport.app.state.trail  # type: ignore[attr-defined]
    return kept


def record(number: int, **more: Any) -> TrailRecord:
    at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number)
    plain = TrailRecord(new_id(), at, "key", "k1", "crm", "GET", "/v1/cases/{case_id}", "c1", {"case_id": "c1"}, 200)
    return replace(plain, **more)


async def note(kept: Trail, method: str, path: str, principal: Principal = CRM, status: int = 200) -> None:
    found = find(method, path)
    assert found is not None
    await kept.note(principal, {"method": method, "state": {}}, found, status)


async def everything(store: Store, **wanted: Any) -> list[TrailRecord]:
    async with store.read() as connection:
        return await trail.page(connection, TrailFilter(**wanted), before=None, limit=1000)


async def test_it_says_who_did_what(service: httpx.AsyncClient) -> None:
    key = await made(store_of(service), *Scope, name="crm")
    service._transport.app.state.keyring.expire()  # type: ignore[attr-defined]
    service.headers["Authorization"] = f"Bearer {key}"
    message = (await service.post("/v1/messages", json=MESSAGE)).json()
    case = message["case_id"]
    for path in (
        f"/v1/messages/{message['message_id']}",
        f"/v1/cases/{case}",
        "/v1/export.csv",
        "/v1/alerts",
        "/cases",
    ):
        assert (await service.get(path)).status_code == 200
    await service.post(f"/v1/cases/{case}/close", json={"outcome": "resolved", "note": "Fulgencia, contenta"})
    await flushed(service).flush()

    answer = await service.get("/v1/trail")
    found = answer.json()["records"]

    assert [(one["method"], one["route"]) for one in reversed(found)] == [
        ("POST", "/v1/messages"),
        ("GET", "/v1/messages/{message_id}"),
        ("GET", "/v1/cases/{case_id}"),
        ("GET", "/v1/export.{form}"),
        ("GET", "/cases"),
        ("POST", "/v1/cases/{case_id}/close"),
    ]
    assert {one["principal_name"] for one in found} == {"crm"}
    assert found[-1]["objects"] == found[-2]["objects"] == {"message_id": message["message_id"]}
    assert all(word not in answer.text for word in ("Fulgencia", "secreto", "roto", "mail"))
    about = (await service.get("/v1/trail", params={"object": case, "method": "POST"})).json()["records"]
    assert [one["route"] for one in about] == ["/v1/cases/{case_id}/close"]
    assert (await service.get("/v1/trail", params={"principal": "somebody"})).json()["records"] == []


async def test_pages_follow_one_another(service: httpx.AsyncClient) -> None:
    async with store_of(service).write() as connection:
        await trail.add(connection, [record(number) for number in range(5)])
    found, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await service.get("/v1/trail", params=query)).json()
        found += [one["at"][:10] for one in page["records"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert found == ["2026-03-05", "2026-03-04", "2026-03-03", "2026-03-02", "2026-03-01"]
    between = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-04T00:00:00Z"}
    assert len((await service.get("/v1/trail", params=between)).json()["records"]) == 2


async def test_commands_are_listed_beside_requests(closed: Closed) -> None:
    done = record(1, principal_kind="operator", method="COMMAND", route="keys create", object_id="k2", status=0)
    async with store_of(closed.client).write() as connection:
        await trail.add(connection, [record(0), done])

    query = {"method": "COMMAND"}
    answer = await closed.client.get("/v1/trail", params=query, headers=bearing(closed.only[Scope.ADMIN]))

    [one] = answer.json()["records"]
    assert (one["principal_kind"], one["route"], one["status"]) == ("operator", "keys create", 0)


async def test_a_refusal_for_want_of_a_scope_is_recorded(closed: Closed) -> None:
    await closed.client.get(f"/v1/cases/{IDS[0]}", headers=bearing(closed.only[Scope.INGEST]))
    await closed.client.get(f"/v1/cases/{IDS[0]}", headers=bearing("rcp_wrong"))
    await flushed(closed.client).flush()

    [one] = await everything(store_of(closed.client))

    assert (one.status, one.principal_name, one.objects) == (403, "only ingest", {"case_id": IDS[0]})


async def test_a_change_is_written_before_it_is_answered(closed: Closed) -> None:
    key = {"name": "b", "scopes": ["read"]}
    answer = await closed.client.post("/v1/keys", json=key, headers=bearing(closed.only[Scope.ADMIN]))

    [one] = await everything(store_of(closed.client))

    assert one.objects == {"key_id": answer.json()["key_id"]}


async def test_an_open_service_knows_nobody_to_be_written_down(client: httpx.AsyncClient) -> None:
    await client.get("/v1/messages")
    await flushed(client).flush()

    assert await everything(store_of(client)) == []
    assert OPEN.id == ""


async def test_it_can_be_turned_off(open_service: Opener) -> None:
    async with open_service(Marked(), access={"trail_days": 0}) as client:
        key = await made(store_of(client), Scope.READ)
        assert (await client.get("/v1/messages", headers=bearing(key))).status_code in (200, 401)
        assert client._transport.app.state.trail is None  # type: ignore[attr-defined]


async def test_reads_are_written_together_within_a_second(store: Store) -> None:
    kept = Trail(store, 365)
    kept.start()
    for name in IDS:
        await note(kept, "GET", f"/v1/cases/{name}")
    at_once = len(await everything(store))
    for _ in range(40):
        await asyncio.sleep(0.1)
        if found := await everything(store):
            break
    await kept.stop()

    assert at_once == 0
    assert [one.object_id for one in reversed(found)] == IDS


async def test_what_waits_is_written_at_the_end(store: Store) -> None:
    kept = Trail(store, 365)
    kept.start()
    await note(kept, "GET", f"/v1/cases/{IDS[1]}")
    await kept.stop()

    assert len(await everything(store)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "ana@ejemplo.es", "390.533.447-05", "39053344705", "+5511987654321", "Evangelina", "x" * 65, "é", "ana pagó",
        "7", "39053344-7055-5119-8765-432139053344",
    ],
)  # fmt: skip
async def test_what_a_caller_puts_in_a_path_is_not_kept(store: Store, name: str) -> None:
    kept = Trail(store, 365)
    for path in (f"/v1/cases/{name}", f"/v1/messages/{name}", f"/v1/deliveries/{name}", f"/cases/{name}"):
        await note(kept, "GET", path)
    await note(kept, "POST", f"/v1/cases/{name}/steps/{name}/complete", status=404)
    await note(kept, "POST", f"/cases/{name}/{name}", status=303)
    await note(kept, "POST", f"/users/{name}/{name}", status=422)

    found = await everything(store)
    assert [(one.object_id, one.objects) for one in found] == [(None, {})] * 7


async def test_what_is_ours_is_kept(store: Store) -> None:
    kept, case = Trail(store, 365), IDS[0]
    await note(kept, "POST", f"/v1/cases/{case}/steps/confirm_solved/complete")
    await note(kept, "POST", f"/v1/cases/{case}/steps/evangelina/complete", status=404)
    await note(kept, "POST", f"/users/{IDS[1]}/password", status=303)

    done, missed, changed = reversed(await everything(store))
    assert (done.object_id, done.objects) == (case, {"case_id": case, "step": "confirm_solved"})
    assert missed.objects == {"case_id": case}
    assert changed.objects == {"account_id": IDS[1], "change": "password"}


async def test_it_waits_while_the_database_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: Any) -> Any:
        raise UnavailableError("the database can't be reached or is too busy")

    kept = Trail(store, 365)
    with monkeypatch.context() as patched:
        patched.setattr(store, "change", away)
        await note(kept, "POST", f"/v1/cases/{IDS[1]}/close")
        await note(kept, "GET", f"/v1/cases/{IDS[2]}")
    assert await everything(store) == []
    await kept.flush()

    assert [one.object_id for one in await everything(store)] == [IDS[2], IDS[1]]


async def test_what_waited_is_written_once_the_database_is_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, change, written = Trail(store, 365), store.change, asyncio.Event()
    answers = iter([False, True])

    async def there_again(work: Any) -> Any:
        if not next(answers):
            raise UnavailableError("the database can't be reached or is too busy")
        await change(work)
        written.set()

    async def nothing() -> None:
        """Forget nothing."""

    monkeypatch.setattr(store, "change", there_again)
    monkeypatch.setattr(kept, "_forget", nothing)
    monkeypatch.setattr("api.access.trail._EVERY_SECONDS", 0)
    kept.start()
    await note(kept, "GET", f"/v1/cases/{IDS[1]}")
    await asyncio.wait_for(written.wait(), 60)
    await kept.stop()

    assert [one.object_id for one in await everything(store)] == [IDS[1]]


async def test_a_caller_that_leaves_does_not_have_a_record_written_twice(store: Store) -> None:
    kept = Trail(store, 365)
    leaving = asyncio.create_task(note(kept, "POST", f"/v1/cases/{IDS[1]}/close"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await kept.flush()

    assert len(await everything(store)) == 1


async def test_what_is_old_is_forgotten(store: Store) -> None:
    now = datetime.now(UTC)
    async with store.write() as connection:
        await trail.add(connection, [record(0, at=now - timedelta(days=days)) for days in (0, 29, 31, 400)])
    kept = Trail(store, 30)
    kept.start()
    for _ in range(50):
        await asyncio.sleep(0.02)
        if len(found := await everything(store)) < 4:
            break
    await kept.stop()

    assert len(found) == 2
