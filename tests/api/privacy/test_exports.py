"""``recupera erase`` and ``POST /v1/erasures`` reach the files that were exported."""

from __future__ import annotations

import asyncio
import io
import json
import stat
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx
import pytest

from api.commands.erase import erase
from api.privacy.copies.cleaning import host
from api.privacy.copies.replacing import Replacement
from api.privacy.erasing import Erased, erase_customer
from api.store import export_files
from api.store.database import Store, database_url
from api.store.export_files import ExportRecord
from tests.api.conftest import Marked, Opener
from tests.api.test_export import run
from tests.api.test_feedback import correct
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

TEXT = "No llegó mi pedido, y nadie en esta tienda me responde."


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def service(
    open_service: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> AsyncIterator[httpx.AsyncClient]:
    address = f"sqlite:///{tmp_path}/folder/recupera.db"
    monkeypatch.setenv("RECUPERA_DATABASE", address)
    async with open_service(Marked(), database=address) as client:
        yield client


async def corrected(service: httpx.AsyncClient, *customers: str) -> dict[str, str]:
    """Have a corrected message of each customer; return their ids by customer."""
    found = {}
    for customer in customers:
        text = f"{TEXT} Soy {customer}."
        message = await post(service, f"carta-{customer}", text, customer={"id": customer})
        await correct(service, message["message_id"], {"complaint": True}, language="es")
        found[customer] = message["message_id"]
    return found


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]


async def records(tmp_path: Path) -> list[ExportRecord]:
    store = await Store.attach(database_url(f"sqlite:///{tmp_path}/folder/recupera.db", tmp_path))
    async with store.read() as connection:
        found = await export_files.every(connection)
    await store.close()
    return found


async def exported(*more: object) -> None:
    result = await run("export", "--feedback", *more)
    assert result.exit_code == 0, result.output


async def test_an_export_is_private_and_remembered_as_long_as_it_is_that_file(
    service: httpx.AsyncClient, tmp_path: Path
) -> None:
    await corrected(service, "cliente-1", "cliente-2")
    path = tmp_path / "lines.jsonl"
    await exported("--output", "lines.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    await exported("--clear", "--output", tmp_path / "folder" / ".." / "lines.jsonl")
    await exported()
    (record,) = await records(tmp_path)
    assert (record.path, record.host, record.rows, record.masked) == (str(path), host(), 2, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


async def test_a_customer_is_erased_from_what_was_exported(service: httpx.AsyncClient, tmp_path: Path) -> None:
    found = await corrected(service, "cliente-1", "cliente-2", "cliente-3")
    for name in ("lines.jsonl", "moved.jsonl"):
        await exported("--output", name)
    Path("moved.jsonl").rename("elsewhere.jsonl")
    tried = await run("erase", "--customer", "cliente-1", "--dry-run")
    assert f"{tmp_path}/lines.jsonl: 1 lines would be taken out" in tried.stdout
    assert len(ids(Path("lines.jsonl"))) == 3

    done = await run("erase", "--customer", "cliente-1")

    assert done.exit_code == 0, done.output
    assert f"{tmp_path}/lines.jsonl: 1 lines taken out" in done.stdout
    assert f"{tmp_path}/moved.jsonl: not there: if you moved it, name it by --file (written 20" in done.stdout
    assert ids(Path("lines.jsonl")) == [found["cliente-2"], found["cliente-3"]]
    assert len(ids(Path("elsewhere.jsonl"))) == 3

    (tmp_path / "download.csv").write_bytes((await service.get("/v1/export.csv")).content)
    answer = await service.post("/v1/erasures", json={"message_id": found["cliente-2"]})
    files = {Path(file["path"]).name: file for file in answer.json()["report"]["exports"]}
    assert (answer.status_code, files["lines.jsonl"]["removed"], files["moved.jsonl"]["state"]) == (200, 1, "absent")
    assert ids(Path("lines.jsonl")) == [found["cliente-3"]]

    alone = await run("erase", "--file", "elsewhere.jsonl", "--file", "download.csv", "--json")
    report = json.loads(alone.stdout)
    assert (alone.exit_code, report["scope"], report["removed"]) == (0, "files", {})
    taken = {Path(file["path"]).name: file["removed"] for file in report["exports"]}
    assert taken == {"lines.jsonl": 0, "moved.jsonl": 0, "elsewhere.jsonl": 2, "download.csv": 2}
    assert ids(Path("elsewhere.jsonl")) == [found["cliente-3"]]
    assert "Soy cliente-3" in Path("download.csv").read_text("utf-8")
    kept = (await service.get(f"/v1/erasures/{report['erasure_id']}")).json()["report"]
    assert [file["removed"] for file in kept["exports"]] == [0, 0, 2, 2]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
async def test_a_customer_is_read_from_a_line_however_it_ends(
    service: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    await corrected(service, "cliente-1")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"cliente-1{end}", newline=""))
    await anyio.to_thread.run_sync(lambda: erase(customer="-"))
    assert (await service.get("/v1/messages", params={"customer": "cliente-1"})).json()["messages"] == []


async def test_a_customer_of_whom_nothing_is_stored_is_told(service: httpx.AsyncClient) -> None:
    await corrected(service, "cliente-1")
    for wanted, told in (("cliente-11", True), ("cliente-1", False)):
        for more in (["--dry-run"], ["--json"]):
            result = await run("erase", "--customer", wanted, *more)
            assert (result.exit_code, "no message and no case" in result.stderr) == (0, told), result.output


async def test_what_is_erased_while_it_is_exported_is_not_in_the_file(
    service: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await corrected(service, "cliente-1", "cliente-2")
    url = database_url(f"sqlite:///{tmp_path}/folder/recupera.db", tmp_path)
    commit, erased = Replacement.commit, list[Erased]()

    async def erase() -> None:
        store = await Store.open(url)
        erased.append(await erase_customer(store, "cliente-1", at=datetime.now(UTC)))
        await store.close()

    def held_up(self: Replacement) -> None:
        if not erased:
            thread = threading.Thread(target=lambda: asyncio.run(erase()))
            thread.start()
            thread.join()
        commit(self)

    monkeypatch.setattr(Replacement, "commit", held_up)
    await exported("--output", "lines.jsonl")
    assert erased
    assert ids(Path("lines.jsonl")) == [found["cliente-2"]]


async def test_a_file_that_is_none_of_ours_stops_everything(service: httpx.AsyncClient) -> None:
    await corrected(service, "cliente-1")
    Path("letter.txt").write_text("Hola")
    for wrong, reason in (("letter.txt", "neither message_id nor id"), ("absent.csv", "No such file")):
        result = await run("erase", "--customer", "cliente-1", "--file", wrong)
        assert (result.exit_code, reason in result.stderr) == (2, True), result.output
    assert Path("letter.txt").read_text() == "Hola"
    kept = (await service.get("/v1/messages", params={"customer": "cliente-1"})).json()["messages"]
    assert [TEXT in message["text"] for message in kept] == [True]


async def test_what_is_left_in_a_file_is_a_failure_told_by_its_line(service: httpx.AsyncClient) -> None:
    await corrected(service, "cliente-1")
    await exported("--output", "lines.jsonl")
    with Path("lines.jsonl").open("a") as file:
        file.write('{"id": "cut')
    tried = await run("erase", "--customer", "cliente-1", "--dry-run")
    assert "1 lines would be taken out; 1 left that can't be read: line 2" in tried.stdout
    done = await run("erase", "--customer", "cliente-1")
    assert (done.exit_code, "1 left that can't be read: line 1" in done.stdout) == (1, True), done.output
    assert Path("lines.jsonl").read_text() == '{"id": "cut'
    answer = await service.post("/v1/erasures", json={"customer_id": "cliente-1"})
    assert (answer.status_code, answer.json()["report"]["exports"][0]["state"]) == (200, "failed")
    Path("lines.jsonl").write_text("Hola")
    failed = await run("erase", "--customer", "cliente-1")
    assert (failed.exit_code, "not cleaned: no file of an export" in failed.stdout) == (1, True), failed.output


async def test_a_file_that_never_came_to_be_is_forgotten(
    service: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Replacement) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Replacement, "commit", full)
    result = await run("export", "--feedback", "--output", "lines.jsonl")
    assert (result.exit_code, "No space left" in result.stderr) == (2, True)
    assert await records(tmp_path) == []
    assert not list(tmp_path.glob("*lines*"))
