"""Looking for what should be gone: found however it is written, and not within other words."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from api.store import outbox
from api.store.database import Store, database_url
from api.store.records import OutboxKind
from api.store.searching import Found, search
from api.store.tombstones import bury, erased_mails, is_buried, key_name, mail_name, message_name
from api.store.vault import Vault
from tests.api.delivery.test_breaker import NOW

pytestmark = pytest.mark.anyio

VALUES = {'Zoë "la" Núñez': "name", "555-0199": "phone"}


async def put(store: Store, **data: str) -> str:
    entry = outbox.entry(OutboxKind.EVENT, "message.classified", data, NOW)
    async with store.write() as connection:
        await outbox.add(connection, entry)
    return entry.id


async def test_a_value_is_found_as_json_writes_it(store: Store, database: str, tmp_path: Path) -> None:
    url = database_url(database, tmp_path)
    name = await put(store, note='Llamó Zoë "la" Núñez')
    await put(store, note="Otra cosa: 1555-01990")
    looked = await search(store, url, VALUES, None)
    assert Found("outbox", name, ("name",)) in looked.found
    assert {found.where for found in looked.found} <= {"outbox", "file"}
    assert [found for found in looked.found if found.where == "outbox"] == [Found("outbox", name, ("name",))]
    assert looked.tables > 20


async def test_what_is_encrypted_is_opened_first(database: str, tmp_path: Path) -> None:
    url, vault = database_url(database, tmp_path), Vault([Fernet.generate_key().decode()], messages=True)
    store = await Store.open(url, vault)
    fact = {"kind": "amount", "text": "555-0199", "value": {}, "start": 0, "end": 8}
    entry = outbox.entry(OutboxKind.EVENT, "x", {"classification": {"evidence": [], "facts": [fact]}}, NOW)
    async with store.write() as connection:
        await outbox.add(connection, entry)
    assert (await search(store, url, VALUES, vault)).found == [Found("outbox", entry.id, ("phone",))]
    assert (await search(store, url, VALUES, None)).found == []
    await store.close()


async def test_what_is_buried_is_known_by_its_name_alone(store: Store) -> None:
    async with store.write() as connection:
        for _ in range(2):
            await bury(connection, [message_name("email", "1"), key_name("k"), mail_name("d1")], NOW)
        assert await is_buried(connection, message_name("email", "1"))
        assert await is_buried(connection, message_name("chat", "1"), key_name("k"))
        assert not await is_buried(connection, message_name("chat", "1"), message_name("email", "k"))
        assert await erased_mails(connection, ["d1", "d2", "k"]) == {"d1"}
        assert await erased_mails(connection, []) == set()
