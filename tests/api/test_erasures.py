"""Erasures over HTTP and on the command line."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.api.test_export import run
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


async def test_an_erasure_is_asked_for_done_and_on_record(service: httpx.AsyncClient) -> None:
    message = await post(service, "carta-7731", customer={"id": "cliente-99182"})
    body = {"customer_id": "cliente-99182"}
    tried = (await service.post("/v1/erasures", json={**body, "dry_run": True})).json()
    assert (tried["erasure_id"], tried["report"]["removed"]) == (None, {"cases": 1, "messages": 1})
    done = await service.post("/v1/erasures", json=body)
    assert done.status_code == 200
    assert done.json()["report"]["removed"]["messages"] == 1
    kept = await service.get(f"/v1/erasures/{done.json()['erasure_id']}")
    assert kept.json() == done.json()
    assert (await service.get("/v1/erasures")).json()["erasures"] == [done.json()]
    assert "cliente-99182" not in kept.text
    left = (await service.get(f"/v1/messages/{message['message_id']}")).json()
    assert (left["text"], left["customer"], left["classification"]["evidence"]) == ("", None, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"customer_id": "a", "message_id": "b"}, 422),
        ({"customer_id": ""}, 422),
        ({"message_id": "nobody"}, 404),
    ],
)
async def test_what_can_not_be_erased_is_refused(service: httpx.AsyncClient, body: dict[str, str], status: int) -> None:
    assert (await service.post("/v1/erasures", json=body)).status_code == status
    assert (await service.get("/v1/erasures/nobody")).status_code == 404


async def test_the_command_erases_and_says_what_is_left(
    service: httpx.AsyncClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECUPERA_DATABASE", database)
    text = "No llegó mi pedido, y nadie en esta tienda me responde al correo."
    message = await post(service, "carta-7731", text, customer={"id": "cliente-99182"})
    other = await post(service, "nota-1", text, customer={"id": "otro"})
    tried = await run("erase", "--customer", "cliente-99182", "--dry-run")
    assert (tried.exit_code, tried.stdout.splitlines()[0]) == (
        0, "would be erased, rows by table: cases 1, messages 1",
    )  # fmt: skip
    done = await run("erase", "--message", message["message_id"])
    assert done.exit_code == 1
    assert f"still there: messages {other['message_id']}: text" in done.stdout
    old = json.loads((await run("erase", "--older-than", "1d", "--json")).stdout)
    assert (old["removed"], old["searched_for"]) == ({}, 0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "one of --customer, --message, --older-than"),
        (("--customer", "a", "--message", "b"), "one of --customer, --message, --older-than"),
        (("--customer", ""), "without an id"),
        (("--older-than", "two years"), "as in 730d"),
        (("--customer", "a", "--data", "nowhere"), "nowhere holds no database"),
    ],
)
async def test_what_is_wrong_is_named(arguments: tuple[str, ...], reason: str) -> None:
    result = await run("erase", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr


async def test_encryption_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECUPERA_PRIVACY_ENCRYPT", "true")
    result = await run("reencrypt")
    assert result.exit_code == 2
    assert "privacy.encrypt needs RECUPERA_SECRET_KEY" in result.stderr
