"""Columns that encrypt: clear to whoever has the key, noise to everybody else, and SQL goes on as before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from api.batching import Batcher
from api.early_warning.settings import AlertSettings
from api.early_warning.watch import look
from api.intake import Incoming, Intake
from api.store import messages, outbox, plans, seals
from api.store.database import Store, database_url
from api.store.records import OutboxKind
from api.store.sealing import MARK, Part, SealedJson, SealedText, use
from api.store.tables import inbound
from api.store.vault import Vault
from classifier.errors import InputError
from classifier.types import Evidence
from tests.api.conftest import STEADY
from tests.api.early_warning import history
from tests.api.privacy.conftest import CUSTOMER, TEXT, Quoting
from tests.api.privacy.looking import in_files, in_tables

pytestmark = pytest.mark.anyio

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
WORDS = ("Pedí una licuadora", CUSTOMER["name"], CUSTOMER["mail"])


class Engine:
    """As much of an engine as a key is given to."""

    def __init__(self, vault: Vault | None) -> None:
        self.dialect = sqlite.dialect()
        use(self, vault)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text() | st.just(f"{MARK}x") | st.just("sealed"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("sealed"), inner, max_size=3),
    max_leaves=6,
)
VAULTS = [None, Vault([OLD]), Vault([OLD], messages=True)]


@pytest.mark.parametrize("vault", VAULTS, ids=["no key", "a key for secrets", "a key"])
@given(text=st.text() | st.sampled_from([MARK, f"{MARK}x", "rcp0:", "rcp0:rcp1:x"]))
def test_any_text_comes_back(vault: Vault | None, text: str) -> None:
    dialect, column = Engine(vault).dialect, SealedText()
    assert column.process_result_value(column.process_bind_param(text, dialect), dialect) == text


@pytest.mark.parametrize("vault", VAULTS, ids=["no key", "a key for secrets", "a key"])
@given(customer=st.dictionaries(st.text() | st.sampled_from(["id", "country", "sealed"]), JSON), content=JSON)
def test_any_customer_comes_back(vault: Vault | None, customer: dict[str, Any], content: Any) -> None:
    dialect = Engine(vault).dialect
    for part, value in ((Part.CUSTOMER, customer), (Part.ALL, {"text": content})):
        column = SealedJson(part)
        stored = json.loads(json.dumps(column.process_bind_param(value, dialect)))
        assert column.process_result_value(stored, dialect) == value


async def taken(store: Store, name: str = "1", text: str = TEXT) -> str:
    batcher = Batcher(Quoting(), size=8, wait_seconds=0, capacity=64)
    intake = await Intake.start(store, batcher, STEADY, capacity=64)
    accepted = await intake.accept(Incoming("email", name, text, customer=CUSTOMER))
    batcher.close()
    return accepted.message.id


async def read(store: Store, message_id: str) -> tuple[str, Mapping[str, Any] | None, Any]:
    async with store.read() as connection:
        found = await messages.get(connection, message_id)
        assert found is not None
        return found.text, found.customer, found.classification


async def test_what_is_stored_is_noise_and_what_is_read_is_clear(database: str, tmp_path: Path) -> None:
    store = await Store.open(database_url(database, tmp_path), Vault([OLD], messages=True))
    name = await taken(store)
    text, customer, classification = await read(store, name)
    assert (text, customer) == (TEXT, CUSTOMER)
    assert classification["evidence"][0]["text"] == TEXT
    assert in_tables(database, WORDS) == {}
    async with store.read() as connection:
        (event,) = [e for e in await outbox.of_message(connection, name) if e.type == "message.classified"]
        assert event.data["classification"]["evidence"][0]["text"].startswith("Pedí una licuadora")
        planned = [case async for case in plans.planned(connection, plans.PlannedFilter())]
        assert (planned[0].classification or {})["facts"][0]["value"]
        view = sa.text("SELECT country, severity FROM recupera_messages")
        assert tuple((await connection.execute(view)).one()) == ("AR", "high")
    await store.close()
    if database.startswith("sqlite"):
        assert in_files(tmp_path, WORDS) == {}


async def raise_an_alert(store: Store) -> None:
    """Have complaints rise, and the alert be told with phrases of them."""
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    span = Evidence("touchpoint", "payment", 0, len(history.TEXT), history.TEXT)
    await history.tell(store, history.steady(now, 40, 3))
    await history.tell(store, history.steady(now, 1, 20), replace(history.complaint("payment"), evidence=(span,)))
    assert (await look(store, AlertSettings(), now)).raised


async def phrases_told(store: Store) -> set[str]:
    """Return the phrases of the alerts that are yet to be told."""
    async with store.write() as connection:
        told = [event.data for event in await outbox.pending(connection, OutboxKind.EVENT)]
    return {example["phrase"] for data in told for example in data.get("examples", ()) if example["phrase"]}


async def test_phrases_of_an_alert_are_noise_where_they_are_told_from(database: str, tmp_path: Path) -> None:
    words, phrase = ("La caja llegó rota",), "La caja llegó rota y el repartidor se rió. Mi correo es <EMAIL>."
    store = await Store.open(database_url(database, tmp_path), Vault([OLD], messages=True))
    await raise_an_alert(store)
    assert await phrases_told(store) == {phrase}
    assert in_tables(database, words) == {}
    await store.close()


async def test_phrases_that_were_told_from_clear_rows_are_encrypted_later(database: str, tmp_path: Path) -> None:
    words, url = ("La caja llegó rota",), database_url(database, tmp_path)
    store = await Store.open(url)
    await raise_an_alert(store)
    told = await phrases_told(store)
    assert in_tables(database, words)["outbox"] == set(words)
    await store.close()

    store = await Store.open(url, Vault([OLD], messages=True))
    assert await phrases_told(store) == told
    changed = {table async for table, rows in seals.renew(store) if rows}
    assert changed >= {"alerts", "messages", "outbox"}
    assert in_tables(database, words) == {}
    assert await phrases_told(store) == told
    assert [each async for each in seals.renew(store) if each[1]] == []
    await store.close()


@given(examples=st.none() | st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=3))
def test_any_event_comes_back(examples: list[dict[str, Any]] | None) -> None:
    event = {"alert_id": "1", "classification": None} | ({} if examples is None else {"examples": examples})
    column = SealedJson(Part.EVENT)
    for vault in VAULTS:
        dialect = Engine(vault).dialect
        stored = json.loads(json.dumps(column.process_bind_param(event, dialect)))
        assert column.process_result_value(stored, dialect) == event


async def test_a_key_comes_is_changed_and_goes(database: str, tmp_path: Path) -> None:
    url = database_url(database, tmp_path)
    for vault, words_are_there in (
        (None, True),
        (Vault([OLD], messages=True), False),
        (Vault([NEW, OLD], messages=True), False),
        (Vault([NEW], messages=True), False),
        (Vault([NEW]), True),
        (None, True),
    ):
        store = await Store.open(url, vault)
        if vault is None and words_are_there:
            name = await taken(store, f"{vault}{len(str(url))}")
        changed = [each async for each in seals.renew(store)]
        assert (await read(store, name))[0] == TEXT
        assert bool(in_tables(database, WORDS)) is words_are_there
        assert [each async for each in seals.renew(store) if each[1]] == [], changed
        await store.close()


async def test_without_its_key_nothing_starts(database: str, tmp_path: Path) -> None:
    url = database_url(database, tmp_path)
    await (await Store.open(url, Vault([OLD], messages=True))).close()
    for vault, said in ((None, "set RECUPERA_SECRET_KEY"), (Vault([NEW]), "does not hold; add it at its end")):
        with pytest.raises(InputError, match=said):
            await Store.open(url, vault)


async def test_a_column_is_not_encrypted_unless_the_settings_say_so(database: str, tmp_path: Path) -> None:
    store = await Store.open(database_url(database, tmp_path), Vault([OLD]))
    await taken(store)
    async with store.read() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(inbound))).scalar_one() == 0
    assert in_tables(database, WORDS[:1]) != {}
    await store.close()
