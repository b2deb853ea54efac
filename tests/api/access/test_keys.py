"""Keys over HTTP and between processes, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from api.access.keyring import Keyring
from api.access.keys import Wanted, create, revoke, rotate
from api.access.scopes import Scope
from api.errors import ConflictError, NotFoundError
from api.store import keys
from api.store.database import Store, UnavailableError
from api.store.secrets import server_secret
from api.store.tables import server_secrets
from api.store.vault import Vault
from classifier.errors import InputError
from tests.api.access.conftest import Clock, Closed, bearing, made

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
READ = Wanted("crm", [Scope.READ])


async def test_a_key_lives_through_its_whole_life(service: httpx.AsyncClient) -> None:
    new = {"name": "first", "scopes": ["admin", "read"], "expires_at": "2099-01-01T00:00:00Z"}
    first = await service.post("/v1/keys", json=new)
    admin = bearing(first.json()["key"])
    assert first.status_code == 201
    assert first.headers["cache-control"] == "no-store"
    assert (await service.get("/v1/keys")).status_code == 401

    key = (await service.post("/v1/keys", json={"name": "crm", "scopes": ["read"]}, headers=admin)).json()
    assert (await service.get("/v1/cases", headers=bearing(key["key"]))).status_code == 200
    later = await service.post(f"/v1/keys/{key['key_id']}/rotate", json={"grace_seconds": 600}, headers=admin)
    assert later.status_code == 201
    for each in (key, later.json()):
        assert (await service.get("/v1/cases", headers=bearing(each["key"]))).status_code == 200

    for _ in range(2):
        assert (await service.delete(f"/v1/keys/{key['key_id']}", headers=admin)).status_code == 204
    assert (await service.get("/v1/cases", headers=bearing(key["key"]))).status_code == 401
    assert (await service.get("/v1/cases", headers=bearing(later.json()["key"]))).status_code == 200
    listed = (await service.get("/v1/keys", headers=admin)).json()["keys"]
    assert [(each["name"], each["state"]) for each in listed] == [
        ("crm", "active"), ("crm", "revoked"), ("first", "active"),
    ]  # fmt: skip
    assert listed[0]["rotated_from"] == key["key_id"]
    assert listed[0]["created_by"] == "first"
    assert (await service.post(f"/v1/keys/{key['key_id']}/rotate", headers=admin)).status_code == 409


async def test_no_answer_but_the_first_holds_the_key(closed: Closed) -> None:
    admin = bearing(closed.only[Scope.ADMIN])
    key = (await closed.client.post("/v1/keys", json={"name": "a", "scopes": ["read"]}, headers=admin)).json()

    answers = [
        await closed.client.get(path, headers=admin)
        for path in ("/v1/keys", f"/v1/keys/{key['key_id']}", "/v1/trail", "/v1/keys?limit=1")
    ]

    assert all(key["key"][12:] not in answer.text and "digest" not in answer.text for answer in answers)
    assert answers[1].json()["prefix"] == key["key"][:12]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "", "scopes": ["read"]},
        {"name": "a" * 65, "scopes": ["read"]},
        {"name": "a", "scopes": []},
        {"name": "a", "scopes": ["everything"]},
        {"name": "a", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "a", "scopes": ["read"], "expires_at": "9999-12-31T23:59:59-05:00"},
        {"name": "a", "scopes": ["read"], "requests": 0},
        {"name": "a", "scopes": ["read"], "key": "rcp_mine"},
    ],
)
async def test_a_key_that_can_not_be_is_refused(closed: Closed, wrong: dict[str, Any]) -> None:
    answer = await closed.client.post("/v1/keys", json=wrong, headers=bearing(closed.only[Scope.ADMIN]))

    assert answer.status_code == 422


async def test_an_unknown_key_is_not_found(closed: Closed) -> None:
    admin = bearing(closed.only[Scope.ADMIN])

    asked = [("GET", "x"), ("DELETE", "x"), ("POST", "x/rotate")]
    assert [(await closed.client.request(m, f"/v1/keys/{p}", headers=admin)).status_code for m, p in asked] == [404] * 3


async def test_what_is_stored_is_no_key(store: Store) -> None:
    key = await made(store, Scope.READ)

    async with store.read() as connection:
        [row] = (await connection.execute(sa.text("SELECT * FROM api_keys"))).mappings().all()

    assert key not in str(dict(row))
    assert key[12:] not in str(dict(row))


async def test_a_new_key_lasts_as_long_as_the_old_one_did_and_the_old_one_no_longer(store: Store) -> None:
    async with store.write() as connection:
        lasting, _ = await create(connection, READ, by="t", now=NOW)
        wanted = Wanted("b", [Scope.READ, Scope.INGEST], NOW + timedelta(days=10), requests=5)
        ending, _ = await create(connection, wanted, by="t", now=NOW)
        later = NOW + timedelta(days=9, hours=12)
        first, _ = await rotate(connection, lasting.id, by="u", now=later, grace=timedelta(hours=1))
        second, _ = await rotate(connection, ending.id, by="u", now=later)
        old = [await keys.get(connection, key.id) for key in (lasting, ending)]

    assert first.expires_at is None
    assert second.expires_at == later + timedelta(days=10)
    assert (second.scopes, second.requests, second.rotated_from) == (["ingest", "read"], 5, ending.id)
    assert [key and key.expires_at for key in old] == [later + timedelta(hours=1), NOW + timedelta(days=10)]


async def test_rotating_again_gives_a_key_that_lasts_as_long_as_the_first_one_did(store: Store) -> None:
    async with store.write() as connection:
        lasting, _ = await create(connection, READ, by="t", now=NOW)
        ending, _ = await create(connection, Wanted("b", [Scope.READ], NOW + timedelta(days=10)), by="t", now=NOW)
        later = NOW + timedelta(hours=1)
        first = [(await rotate(connection, key.id, by="t", now=later))[0] for key in (lasting, ending)]
        again = [(await rotate(connection, key.id, by="t", now=later))[0] for key in (lasting, ending)]
        await rotate(connection, first[1].id, by="t", now=later)
        last, _ = await rotate(connection, ending.id, by="t", now=later)

    assert [key.expires_at for key in first] == [None, later + timedelta(days=10)]
    assert [key.expires_at for key in again] == [None, later + timedelta(days=10)]
    assert (last.expires_at, last.rotated_from) == (later + timedelta(days=10), ending.id)


async def test_a_key_for_ever_is_changed_for_one_for_ever(store: Store) -> None:
    until = datetime(9999, 12, 31, tzinfo=UTC)
    async with store.write() as connection:
        old, _ = await create(connection, Wanted("b", [Scope.READ], until), by="t", now=NOW)
        new, _ = await rotate(connection, old.id, by="t", now=NOW + timedelta(days=2))

    assert new.expires_at == until - timedelta(days=1)


async def test_what_opens_nothing_is_not_changed_for_a_new_one(store: Store) -> None:
    async with store.write() as connection:
        key, _ = await create(connection, READ, by="t", now=NOW)
        await revoke(connection, key.id, now=NOW)
        with pytest.raises(ConflictError):
            await rotate(connection, key.id, by="t", now=NOW)
        with pytest.raises(NotFoundError):
            await revoke(connection, "nothing", now=NOW)


async def test_other_processes_know_of_a_revoked_key_within_two_seconds(store: Store, clock: Clock) -> None:
    key = await made(store, Scope.READ)
    keyring = await Keyring.open(store, clock=clock)
    found = await keyring.find(key)
    assert found is not None
    async with store.write() as connection:
        await revoke(connection, found.id, now=datetime.now(UTC))

    clock.now += 0.9
    still = await keyring.find(key)
    clock.now += 1.1
    gone = await keyring.find(key)
    await keyring.close()

    assert still is not None
    assert gone is None


@pytest.mark.parametrize("rotated", [False, True])
async def test_a_revoked_key_opens_nothing_whatever_another_machine_takes_for_the_time(
    store: Store, clock: Clock, rotated: bool
) -> None:
    key = await made(store, Scope.READ)
    async with store.write() as connection:
        await create(connection, READ, by="t", now=datetime.now(UTC) + timedelta(days=1))
    keyring = await Keyring.open(store, clock=clock)
    found = await keyring.find(key)
    assert found is not None
    async with store.write() as connection:
        if rotated:
            await rotate(connection, found.id, by="t", now=datetime.now(UTC), grace=timedelta())
        else:
            await revoke(connection, found.id, now=datetime.now(UTC))

    clock.now += 2
    gone = await keyring.find(key)
    await keyring.close()

    assert gone is None


async def test_a_request_pays_no_look_into_the_database(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await made(store, Scope.READ)
    keyring = await Keyring.open(store, clock=clock)
    looks = 0
    look = store.look

    async def counted(work: Any) -> Any:
        nonlocal looks
        looks += 1
        return await look(work)

    monkeypatch.setattr(store, "look", counted)
    for _ in range(50):
        assert await keyring.find(key) is not None
        assert await keyring.find("rcp_mistyped") is None

    assert looks == 0
    clock.now += 2
    assert await keyring.find(key) is not None
    assert looks == 1


async def test_keys_open_for_a_minute_while_the_database_is_away(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await made(store, Scope.READ)
    keyring = await Keyring.open(store, clock=clock)

    async def away(_: Any) -> Any:
        raise UnavailableError("the database can't be reached or is too busy")

    monkeypatch.setattr(store, "look", away)
    clock.now += 59
    assert await keyring.find(key) is not None
    clock.now += 2
    with pytest.raises(UnavailableError):
        await keyring.find(key)


async def test_the_first_reading_may_take_its_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    key, look = await made(store, Scope.READ), store.look

    async def slow(work: Any) -> Any:
        await asyncio.sleep(0.3)
        return await look(work)

    monkeypatch.setattr(store, "look", slow)
    monkeypatch.setattr("api.access.keyring._PATIENCE_SECONDS", 0.01)
    keyring = await Keyring.open(store)
    assert await keyring.find(key) is not None


async def test_keys_that_can_not_be_read_at_the_start_are_an_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Any) -> Any:
        raise UnavailableError("the database can't be reached or is too busy")

    monkeypatch.setattr(store, "look", away)
    with pytest.raises(UnavailableError):
        await Keyring.open(store)


async def test_the_last_use_is_written_once_a_minute(store: Store, clock: Clock) -> None:
    key = await made(store, Scope.READ)
    keyring = await Keyring.open(store, clock=clock)

    async def used() -> datetime | None:
        async with store.read() as connection:
            [record] = await keys.named(connection, "crm")
        return record.used_at

    found = [await used()]
    for _ in range(3):
        await keyring.find(key)
        clock.now += 2
        await keyring.fresh()
        found.append(await used())
    await keyring.find(key)
    await keyring.close()
    last = await used()

    assert found[0] is None
    assert found[1] is not None
    assert found[1] == found[2] == found[3]
    assert last is not None
    assert last > found[1]


async def test_the_server_secret_is_made_once_and_follows_the_vault(store: Store, database: str) -> None:
    def by(vault: Vault | None) -> Store:
        return Store(store._engine, vault)

    async def secret(vault: Vault | None) -> bytes:
        async with by(vault).write() as connection:
            return await server_secret(connection, "keys")

    async def stored() -> str:
        async with store.read() as connection:
            return str((await connection.execute(sa.select(server_secrets.c.secret))).scalar_one())

    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    bare = await secret(None)
    assert len(bare) == 32
    assert bare.hex() in await stored()

    for setting in (old, f"{new} {old}", new):
        assert await secret(Vault.parse(setting)) == bare
        assert bare.hex() not in await stored()
    for setting in (None, old):
        with pytest.raises(InputError, match="RECUPERA_SECRET_KEY"):
            await secret(setting and Vault.parse(setting))


async def test_what_was_changed_here_counts_at_once_although_older_keys_are_being_read(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await made(store, Scope.READ)
    keyring = await Keyring.open(store, clock=clock)
    begun, may_end = asyncio.Event(), asyncio.Event()
    look = store.look

    async def slow(work: Any) -> Any:
        found = await look(work)
        begun.set()
        await may_end.wait()
        return found

    monkeypatch.setattr(store, "look", slow)
    clock.now += 1.5
    found = await keyring.find(key)
    await begun.wait()
    assert found is not None
    async with store.write() as connection:
        await revoke(connection, found.id, now=datetime.now(UTC))
    keyring.expire()
    asyncio.get_running_loop().call_later(0.02, may_end.set)

    assert await keyring.find(key) is None
    await keyring.close()
