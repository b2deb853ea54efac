"""Secrets of destinations: encrypted where there is a key, which can be changed without losing any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from api.delivery.destinations import create, rotate
from api.store import destinations
from api.store.database import Store, database_url
from api.store.destinations import DestinationRecord
from api.store.tables import destinations as table
from api.store.vault import Vault
from classifier.errors import InputError
from tests.api.conftest import Marked, Opener
from tests.api.delivery.receiver import SECRET
from tests.api.delivery.test_breaker import NOW

pytestmark = pytest.mark.anyio

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
GIVEN = {
    "name": "crm", "kind": "webhook", "url": "https://crm.example/", "subject": None, "events": ["case.opened"],
    "filter": {}, "enabled": True, "rate": 10.0, "concurrency": 2,
}  # fmt: skip


class Opened:
    """A store with a key, or without."""

    def __init__(self, database: str, folder: Path, keys: str | None) -> None:
        self.url = database_url(database, folder)
        self.vault = Vault.parse(keys) if keys else None

    async def __aenter__(self) -> Store:
        self.store = await Store.open(self.url, self.vault)
        return self.store

    async def __aexit__(self, *_: object) -> None:
        await self.store.close()


async def made(store: Store) -> DestinationRecord:
    async with store.write() as connection:
        return (await create(connection, GIVEN, SECRET, NOW))[0]


async def sealed(store: Store) -> int:
    async with store.write() as connection:
        return await destinations.seal(connection)


async def stored(store: Store) -> Any:
    async with store.read() as connection:
        return (await connection.execute(sa.select(table.c.secrets))).scalar_one()


async def used(store: Store, destination: DestinationRecord) -> list[str]:
    """Return the secrets as every way of reading gives them."""
    async with store.write() as connection:
        one = await destinations.get(connection, destination.id)
        ways = [
            one,
            *(await destinations.locked(connection, [destination.id])).values(),
            *(await destinations.live(connection)),
            *(await destinations.page(connection, before=None, limit=5)),
        ]
    assert len(ways) == 4
    assert all(way == one for way in ways)
    assert one
    return [secret["secret"] for secret in one.secrets]


async def test_with_a_key_no_secret_is_in_the_database(database: str, tmp_path: Path) -> None:
    async with Opened(database, tmp_path, NEW) as store:
        destination = await made(store)
        assert await used(store, destination) == [SECRET]
        written = await stored(store)
        assert [sorted(item) for item in written] == [["expires_at", "sealed"]]
        assert SECRET.removeprefix("whsec_") not in str(written)


async def test_a_rotated_secret_and_the_one_before_are_both_encrypted(database: str, tmp_path: Path) -> None:
    async with Opened(database, tmp_path, NEW) as store:
        destination = await made(store)
        async with store.write() as connection:
            _, fresh = await rotate(connection, destination.id, None, NOW)
        assert await used(store, destination) == [fresh, SECRET]
        assert all("sealed" in item and "secret" not in item for item in await stored(store))


async def test_without_a_key_they_are_stored_as_they_are(database: str, tmp_path: Path) -> None:
    async with Opened(database, tmp_path, None) as store:
        destination = await made(store)
        assert (await stored(store))[0]["secret"] == SECRET
        assert await used(store, destination) == [SECRET]
        assert await sealed(store) == 0


async def test_the_first_key_encrypts_what_was_there(database: str, tmp_path: Path) -> None:
    async with Opened(database, tmp_path, None) as store:
        destination = await made(store)
    async with Opened(database, tmp_path, OLD) as store:
        assert await used(store, destination) == [SECRET]  # readable before, too
        assert await sealed(store) == 1
        assert await sealed(store) == 0
        assert "secret" not in (await stored(store))[0]
        assert await used(store, destination) == [SECRET]


async def test_a_key_is_changed_without_a_secret_lost(database: str, tmp_path: Path) -> None:
    async with Opened(database, tmp_path, OLD) as store:
        destination = await made(store)
        before = await stored(store)
    async with Opened(database, tmp_path, f"{NEW}, {OLD}") as store:
        assert await sealed(store) == 1
        assert await stored(store) != before
    async with Opened(database, tmp_path, NEW) as store:  # the old key is gone for good
        assert await sealed(store) == 0
        assert await used(store, destination) == [SECRET]


@pytest.mark.parametrize("keys", [None, OLD], ids=["none", "another"])
async def test_a_key_that_is_missing_is_said_and_nothing_is_changed(
    keys: str | None, database: str, tmp_path: Path
) -> None:
    async with Opened(database, tmp_path, NEW) as store:
        await made(store)
        before = await stored(store)
    async with Opened(database, tmp_path, keys) as store:
        with pytest.raises(InputError, match="RECUPERA_SECRET_KEY") as caught:
            await sealed(store)
        assert SECRET not in str(caught.value)
        assert await stored(store) == before


async def test_the_service_encrypts_at_its_start_and_does_not_start_without_the_key(
    open_service: Opener, database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_service(Marked(), database=database) as client:
        given = {"name": "crm", "url": "https://192.0.32.7/hook", "events": ["case.opened"], "secret": SECRET}
        assert (await client.post("/v1/destinations", json=given)).status_code == 201
    assert "stored unencrypted" not in caplog.text
    async with open_service(Marked(), database=database):
        assert "stored unencrypted: set RECUPERA_SECRET_KEY" in caplog.text
    async with open_service(Marked(), database=database, secret_key=NEW) as client:
        shown = (await client.get("/v1/destinations")).json()["destinations"]
        assert shown[0]["secrets_valid"] == 1
    async with Opened(database, tmp_path, None) as store:
        assert "secret" not in (await stored(store))[0]
    with pytest.raises(InputError, match="set RECUPERA_SECRET_KEY"):
        async with open_service(Marked(), database=database):
            pass


@pytest.mark.parametrize(
    "setting", ["", "geheim", f"{NEW},geheim", NEW[:-4]], ids=["empty", "word", "key and word", "cut"]
)
def test_what_is_no_key_is_said_without_it(setting: str) -> None:
    with pytest.raises(InputError, match="holds no Fernet key") as caught:
        Vault.parse(setting)
    assert "geheim" not in str(caught.value)
    assert NEW[:10] not in str(caught.value)
