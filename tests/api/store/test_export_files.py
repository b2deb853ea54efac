"""Which files exports wrote, which messages were erased, and who took exports away: on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from api.privacy.erasing import erase_message
from api.store import export_files, messages, trail
from api.store.database import Store
from api.store.export_files import ExportRecord
from api.store.identifiers import new_id
from api.store.trail import Downloads, TrailRecord
from tests.api.delivery.test_breaker import NOW
from tests.api.early_warning.history import complaint, record

pytestmark = pytest.mark.anyio


def written(path: str, where: str = "here") -> ExportRecord:
    return ExportRecord(new_id(), where, path, NOW, None, True, "ana")


async def test_a_path_of_a_machine_is_remembered_once(store: Store) -> None:
    first, again, elsewhere = written("/a.jsonl"), written("/a.jsonl"), written("/a.jsonl", "there")
    long = written("/" + "ñ" * 4095)
    for one in (first, elsewhere, again, long):
        async with store.write() as connection:
            await export_files.begin(connection, one)
    async with store.write() as connection:
        await export_files.finish(connection, again.id, 7)
        await export_files.forget(connection, elsewhere.id)
    async with store.read() as connection:
        assert await export_files.every(connection) == [replace(again, rows=7), long]


async def test_erased_messages_are_told_from_those_that_are_there_and_those_that_never_were(store: Store) -> None:
    result = complaint()
    here, gone = record(NOW, result, external_id="1"), record(NOW, result, external_id="2")
    async with store.write() as connection:
        for message in (here, gone):
            await messages.add(connection, message, result)
    await erase_message(store, gone.id, at=NOW)
    async with store.read() as connection:
        assert await export_files.known_and_erased(connection, [here.id, gone.id, new_id()]) == (2, {gone.id})
        assert await export_files.known_and_erased(connection, []) == (0, frozenset())


async def test_downloads_are_counted_by_who_made_them(store: Store) -> None:
    def deed(name: str, method: str, route: str, status: int, hour: int, about: str | None = None) -> TrailRecord:
        at = NOW + timedelta(hours=hour)
        return TrailRecord(new_id(), at, "key", name, name, method, route, about, {}, status)

    async with store.write() as connection:
        await trail.add(
            connection,
            [
                deed("crm", "GET", "/v1/export.{form}", 200, -1),
                deed("crm", "GET", "/v1/export.{form}", 200, 1),
                deed("crm", "GET", "/v1/export.{form}", 200, 2),
                deed("crm", "GET", "/v1/export.{form}", 403, 3),
                deed("crm", "GET", "/v1/messages", 200, 3),
                deed("ana", "COMMAND", "export --feedback", 0, 4),
                deed("ana", "COMMAND", "export --feedback", 0, 5, about=new_id()),
                deed("ana", "COMMAND", "backup", 0, 5),
            ],
        )
    async with store.read() as connection:
        assert await trail.downloads(connection, NOW) == [
            Downloads("key", "ana", 1, NOW + timedelta(hours=4)),
            Downloads("key", "crm", 2, NOW + timedelta(hours=2)),
        ]
