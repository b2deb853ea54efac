"""Twelve kinds of personal data go through the whole service: they stay in the table of messages, until erased."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.store.records import EventType
from classifier.redaction import find_personal_data
from tests.api.conftest import Opener
from tests.api.delivery.receiver import SECRET, Receiver
from tests.api.privacy.conftest import CUSTOMER, NAMES, PERSONAL, TEXT, Quoting, said
from tests.api.privacy.looking import in_bytes, in_files, in_tables
from tests.api.test_export import run
from tests.api.workflow.conftest import until

pytestmark = pytest.mark.anyio

WORDS = (*PERSONAL.values(), *NAMES)
PAGES = ("/", "/cases", "/review", "/live", "/v1/alerts", "/v1/analytics/overview", "/v1/deliveries",
         "/v1/destinations", "/v1/trail", "/metrics", "/readyz")  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Client:
    """Asks the service, and keeps every answer that does not promise the message itself."""

    def __init__(self, service: httpx.AsyncClient) -> None:
        self.service = service
        self.answers: dict[str, bytes] = {}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await self.service.request(method, path, **more)
        self.answers[f"{method} {path} {answer.status_code} {len(self.answers)}"] = answer.content
        return answer


async def look_around(client: Client, accepted: dict[str, Any]) -> None:
    """See every page, every list and every export."""
    for path in (*PAGES, f"/cases/{accepted['case_id']}", f"/live/{accepted['message_id']}"):
        assert (await client.ask("GET", path)).status_code == 200, path
    for form in ("csv", "jsonl", "parquet"):
        assert (await client.ask("GET", f"/v1/export.{form}")).status_code == 200


async def take_away(service: httpx.AsyncClient, folder: Path) -> list[Path]:
    """Export everything unmasked, in every form, by the command and over HTTP; return the files."""
    files = [folder / f"download.{form}" for form in ("csv", "jsonl", "parquet")]
    for path in files:
        path.write_bytes((await service.get(f"/v1/export{path.suffix}", params={"masked": False})).content)
    cleared = folder / "clear.jsonl"
    assert (await run("export", "--feedback", "--clear", "--output", cleared)).exit_code == 0
    return [*files, cleared]


def said_in(paths: Iterable[Path], words: Iterable[str]) -> list[set[str]]:
    """Return which words each file holds, in a table also what is packed."""
    asked, found = tuple(words), []
    for path in paths:
        packed = path.suffix == ".parquet"
        said = json.dumps(pq.read_table(path).to_pylist(), default=str) if packed else path.read_bytes()
        found.append(in_bytes(said, asked))
    return found


async def make_errors(client: Client) -> None:
    """Send what can't be taken, with personal data wherever a caller may put it."""
    wrong: list[tuple[str, str, dict[str, Any], int]] = [
        ("POST", "/v1/messages", {"json": said(text=f"{TEXT} Otra vez.")}, 409),
        ("POST", "/v1/messages", {"json": said(received_at=PERSONAL["phone"])}, 422),
        ("POST", "/v1/messages", {"content": f'{{"text": "{PERSONAL["email"]}'.encode()}, 415),
        ("GET", f"/v1/messages/{PERSONAL['cpf']}", {}, 404),
        ("GET", f"/v1/cases/{PERSONAL['email']}", {}, 404),
        ("GET", f"/cases/{PERSONAL['email']}", {}, 404),
        ("GET", "/v1/messages", {"params": {"language": PERSONAL["phone"]}}, 422),
        ("POST", "/v1/erasures", {"json": {"customer_id": PERSONAL["email"], "message_id": "x"}}, 422),
    ]
    for method, path, more, status in wrong:
        assert (await client.ask(method, path, **more)).status_code == status, path


async def test_personal_data_stays_with_the_message_and_goes_with_it(
    open_service: Opener, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    assert {data.kind for data in find_personal_data(TEXT)} >= set(PERSONAL)
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("RECUPERA_DATABASE", database)
    planner = PolicyPlanner(default_policy())
    async with (
        Receiver().listening() as receiver,
        open_service(Quoting(), planner, database=database, delivery={"allow": ["127.0.0.1"]}) as service,
    ):
        client = Client(service)
        asked = {"name": "crm", "url": receiver.url, "events": list(EventType), "secret": SECRET}
        assert (await service.post("/v1/destinations", json=asked)).status_code == 201
        accepted = (await service.post("/v1/messages", json=said())).json()
        assert TEXT in json.dumps(accepted, ensure_ascii=False)
        correction = {"labels": {"complaint": True, "severity": "high"}, "reviewer": "ana"}
        await client.ask("POST", f"/v1/messages/{accepted['message_id']}/feedback", json=correction)
        await make_errors(client)
        await look_around(client, accepted)
        trained = await run("export", "--feedback", "--output", tmp_path / "feedback.jsonl")
        assert trained.exit_code == 0, trained.output
        copies = await take_away(service, tmp_path)
        await until(lambda: len(receiver.taken) >= 4)

        assert in_tables(database, WORDS, but=("messages",)) == {}
        assert in_tables(database, WORDS)["messages"] == set(WORDS)
        assert {name: held for name, data in client.answers.items() if (held := in_bytes(data, WORDS))} == {}
        assert in_bytes("".join(request.body.decode() for request in receiver.asked), WORDS) == set()
        assert in_bytes(json.dumps([r.headers for r in receiver.asked]), WORDS) == set()
        assert in_bytes((tmp_path / "feedback.jsonl").read_bytes(), WORDS) == set()
        assert in_bytes(caplog.text, WORDS) == set()
        assert "Pedí una licuadora" in (tmp_path / "feedback.jsonl").read_text("utf-8")
        assert any(b"<PHONE>" in request.body for request in receiver.asked)

        everything = (*WORDS, CUSTOMER["id"], "carta-7731", "hilo-66201", "Pedí una licuadora")
        assert said_in(copies, PERSONAL.values()) == [set(PERSONAL.values())] * 4
        named = [part for path in copies if path.stem == "download" for part in ("--file", path)]
        erased = await run("erase", "--customer", CUSTOMER["id"], "--json", *named)
        report = json.loads(erased.stdout)
        removed = {Path(file["path"]).name: file["removed"] for file in report["exports"]}
        assert removed == {"feedback.jsonl": 1, **{path.name: 1 for path in copies}}
        assert said_in([tmp_path / "feedback.jsonl", *copies], everything) == [set()] * 5
        assert (erased.exit_code, report["found"], report["told"]) == (0, [], ["crm"]), erased.output
        assert report["searched_for"] >= len(WORDS)
        await until(lambda: any(request.event["type"] == "customer.erased" for request in receiver.taken))

        assert in_tables(database, everything) == {}
        assert in_files(tmp_path, everything) == {}
        told = next(request.event for request in receiver.taken if request.event["type"] == "customer.erased")
        assert told["data"]["message_ids"] == [accepted["message_id"]]
        assert told["data"]["case_id"] == accepted["case_id"]
        assert in_bytes(json.dumps(told), everything) == set()
        again = Client(service)
        await look_around(again, accepted)
        await again.ask("GET", "/v1/messages")
        await again.ask("GET", f"/v1/messages/{accepted['message_id']}")
        await again.ask("GET", "/v1/cases")
        await again.ask("GET", f"/v1/cases/{accepted['case_id']}")
        assert {name: held for name, data in again.answers.items() if (held := in_bytes(data, everything))} == {}
        assert (await service.post("/v1/messages", json=said())).status_code == 410
        audited = await run("audit")
        assert audited.exit_code == 0, audited.output
        assert in_bytes(caplog.text, everything) == set()
