"""What happens when the machine fails the service: as the guide to operations says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access.scopes import Role, Scope
from api.main import create_app
from api.settings import Settings
from api.store.database import Store, database_url
from api.workflow.pace import Pace, Rhythm
from api.workflow.worker import Worker, WorkerState
from tests.acceptance.faults import place, running
from tests.acceptance.postgres import Server
from tests.api.access.conftest import made
from tests.api.access.people import CHEAP, add_user, browser, sign_in, store_of
from tests.api.conftest import STEADY, Marked
from tests.api.workflow.conftest import until

pytestmark = [pytest.mark.acceptance, pytest.mark.anyio]
STOPPED_WITHIN = 40.0
"""Seconds: what the guide promises."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def message(number: int, text: str = "Chegou quebrado.") -> dict[str, Any]:
    return {"channel": "email", "external_id": f"m-{number}", "text": text, "thread_id": f"t-{number}"}


def is_problem(answer: httpx.Response) -> bool:
    """Say whether an answer asks to come back, as a problem."""
    return (
        answer.status_code == 503
        and answer.headers["content-type"] == "application/problem+json"
        and int(answer.headers["retry-after"]) >= 1
    )


def test_memory_runs_out_the_process_is_killed_and_then_told_to_stop(tmp_path: Path) -> None:
    """One service: a request too big for the memory, then SIGKILL under load, then SIGTERM with work under way."""
    where, accepted = place(tmp_path), dict[str, str]()
    with running(where, "first") as (process, url), httpx.Client(base_url=url, timeout=30) as client:
        greedy = client.post("/v1/messages", json=message(0, "Sin memoria."))
        assert greedy.status_code == 500
        assert greedy.headers["content-type"] == "application/problem+json"
        loading = threading.Thread(target=load, args=(url, accepted))
        loading.start()
        while len(accepted) < 20:
            time.sleep(0.01)
        process.kill()
        loading.join()
    with running(where, "second") as (process, url), ThreadPoolExecutor(1) as threads:
        with httpx.Client(base_url=url, timeout=30) as client:
            for external_id, message_id in accepted.items():
                again = client.post("/v1/messages", json=message(int(external_id[2:])))
                assert (again.status_code, again.json()["message_id"]) == (200, message_id)
        slow = threads.submit(httpx.post, f"{url}/v1/messages", json=message(900, "Va despacio."), timeout=60)
        while not (tmp_path / "slow").exists():
            time.sleep(0.01)
        assert process.pid
        began = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        while answers(url):
            assert time.monotonic() - began < STOPPED_WITHIN
            time.sleep(0.05)
        finished = slow.result()
        process.join(STOPPED_WITHIN)
        assert time.monotonic() - began < STOPPED_WITHIN
        assert process.exitcode in (0, -signal.SIGTERM), where.log("second")[-2000:]
    assert finished.status_code == 201
    assert "Traceback" not in where.log("second")
    assert audited(where) == []


def answers(url: str) -> bool:
    """Say whether a new caller is listened to."""
    try:
        httpx.get(f"{url}/livez", timeout=5)
    except httpx.HTTPError:
        return False
    return True


def load(url: str, accepted: dict[str, str]) -> None:
    """Post until the service is gone; note what it answered for."""
    with httpx.Client(base_url=url, timeout=30) as client:
        for number in range(1, 800):
            try:
                answer = client.post("/v1/messages", json=message(number))
            except httpx.HTTPError:
                return
            accepted[f"m-{number}"] = answer.json()["message_id"]


def audited(where: Any) -> list[Any]:
    """Return what ``recupera audit`` finds."""
    where.command(["audit", "--json"], "audit.json")
    said = (where.folder / "audit.json").read_text("utf-8")
    return json.loads(said[said.index('{"findings"') :])["findings"]  # type: ignore[no-any-return]


@pytest.fixture
def little(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 8 MB."""
    folder = tmp_path / "little"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "little", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can't be made here: that needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_takes_nothing_in_loses_nothing_and_is_worked_on_once_there_is_room(little: Path) -> None:
    ballast = little / "ballast"
    ballast.write_bytes(b"\0" * 5 * 1024**2)
    async with served(f"sqlite:///{little}/recupera.db") as client:
        accepted, refused = 0, None
        for number in range(2000):
            answer = await client.post("/v1/messages", json=message(number, "Llegó roto. " * 800))
            if answer.status_code != 201:
                refused = answer
                break
            accepted += 1
        assert refused is not None
        assert is_problem(refused)
        assert accepted > 3
        listed = await client.get("/v1/messages", params={"limit": 1})
        assert listed.status_code == 200  # what is there can be read
        ballast.unlink()
        again = await client.post("/v1/messages", json=message(accepted, "Llegó roto. " * 800))
        assert again.status_code == 201
        first = await client.post("/v1/messages", json=message(0, "Llegó roto. " * 800))
        assert first.status_code == 200
    store = await Store.inspect(database_url(f"sqlite:///{little}/recupera.db", little))
    async with store.read() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM messages")).scalar_one() == accepted + 1
        assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar_one() == "ok"
    await store.close()


class served:  # noqa: N801 - read as a word in a sentence
    """A service within this process, with the stand-in model."""

    def __init__(self, database: str, **settings: Any) -> None:
        given = Settings(database=database, **settings)  # type: ignore[arg-type]
        self.app = create_app(given, classifier=Marked(), planner=STEADY)  # type: ignore[arg-type]

    async def __aenter__(self) -> httpx.AsyncClient:
        self._lifespan = self.app.router.lifespan_context(self.app)
        await self._lifespan.__aenter__()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1")
        return self._client

    async def __aexit__(self, *error: Any) -> None:
        await self._client.aclose()
        await self._lifespan.__aexit__(*error)


@pytest.fixture
def server() -> Iterator[Server]:
    try:
        made = Server()
    except Exception as error:
        pytest.skip(f"embedded PostgreSQL can't start here: {error}")
    yield made
    made.cleanup()


async def test_a_database_that_is_gone_for_a_while_is_waited_for(server: Server, tmp_path: Path) -> None:
    url = database_url(server.address, tmp_path)
    store = await Store.open(url)
    rhythm = Rhythm(relay=0.05, watch=0.1, stand_by=0.1, sweep=0.2, take_over=0.5)
    worker = Worker(store, url, "one", rhythm=rhythm, pace=Pace(queue=0.05))
    async with served(server.address) as client, kept_stopped(worker):
        worker.start()
        await until(lambda: worker.state == WorkerState.RUNNING, 120)
        before = await client.post("/v1/messages", json=message(1))
        assert before.status_code == 201
        await asyncio.to_thread(server.stop)

        gone = [await client.post("/v1/messages", json=message(n)) for n in range(2, 5)]
        ready = await client.get("/readyz")
        listed = await client.get("/v1/cases")

        assert all(map(is_problem, [*gone, ready, listed]))
        assert (await client.get("/livez")).status_code == 200
        await until(lambda: worker.state == WorkerState.STANDING_BY, 30)
        await asyncio.to_thread(server.start)
        await until(lambda: is_ready(client), 30)
        assert (await client.post("/v1/messages", json=message(2))).status_code == 201
        assert (await client.post("/v1/messages", json=message(1))).json()["message_id"] == before.json()["message_id"]
        await until(lambda: worker.state == WorkerState.RUNNING, 60)
        await until(lambda: both_are_seen_to(store), 60)
    await store.close()


async def test_a_key_and_a_session_hold_once_a_database_is_back_that_was_gone_for_a_minute(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service knows of keys is relied upon for a minute; past it nobody is let in, and nobody told a key."""
    async with served(server.address, signin=CHEAP) as client:
        keyring, passed = client._transport.app.state.keyring, 0.0  # type: ignore[attr-defined]
        monkeypatch.setattr(keyring, "_clock", lambda: time.monotonic() + passed)
        program = {"authorization": f"Bearer {await made(store_of(client), Scope.READ, Scope.INGEST)}"}
        stranger = {"authorization": f"Bearer rcp_{'0' * 49}"}
        await add_user(client, "ana", Role.AGENT)
        async with browser(client) as person:
            assert (await sign_in(person, "ana")).status_code == 303
            assert (await client.post("/v1/messages", json=message(1), headers=program)).status_code == 201
            assert (await person.get("/cases")).status_code == 200
            await asyncio.to_thread(server.stop)

            for passed in (0.0, 40.0, 61.0, 600.0):
                gone = [
                    await client.get("/v1/cases", headers=program),
                    await client.post("/v1/messages", json=message(2), headers=program),
                    await person.get("/v1/cases"),
                    await person.get("/cases"),
                ]
                assert [is_problem(answer) for answer in gone[:3]] == [True] * 3, passed
                assert gone[3].status_code == 503, passed
                unknown = [await client.get("/v1/cases", headers=given) for given in (stranger, {})]
                assert [each.status_code for each in unknown] == [401 if passed < 60 else 503] * 2, passed
            assert all(map(is_problem, unknown))
            assert (await client.get("/livez")).status_code == 200

            await asyncio.to_thread(server.start)
            await until(lambda: is_ready(client), 30)
            assert (await client.post("/v1/messages", json=message(2), headers=program)).status_code == 201
            assert (await client.get("/v1/cases", headers=program)).status_code == 200
            assert (await person.get("/cases")).status_code == 200
            assert (await person.get("/v1/cases")).status_code == 200
            back = [(await client.get("/v1/cases", headers=given)).status_code for given in (stranger, {})]
            assert back == [401, 401]


@asynccontextmanager
async def kept_stopped(worker: Worker) -> AsyncIterator[None]:
    """Stop a worker at the end, also when a test fails: its threads would disturb the tests after it."""
    try:
        yield
    finally:
        await worker.stop()


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


async def both_are_seen_to(store: Store) -> bool:
    """Say whether a workflow waits for what is due next in each of the two cases."""
    async with store.read() as connection:
        query = "SELECT count(*) FROM recupera_workflow.workflow_status WHERE status = 'PENDING'"
        return bool((await connection.exec_driver_sql(query)).scalar_one() == 2)
