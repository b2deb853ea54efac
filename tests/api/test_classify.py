import json
from typing import Any

import httpx
import pytest

from api.schemas import ClassifyResponse
from classifier import Classification, ComplaintClassifier
from tests.api.conftest import Opener

pytestmark = pytest.mark.anyio

SPANISH = "El pedido llegó roto y nadie me contesta. Quiero que me devuelvan los 350 euros."
PORTUGUESE = "Comprei há um mês e até agora não recebi nada."
JSON = {"content-type": "application/json"}


def body(*texts: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"id": str(i), "text": text} for i, text in enumerate(texts)], **more}


async def test_messages_are_classified_in_their_order(client: httpx.AsyncClient, tiny: ComplaintClassifier) -> None:
    answer = await client.post("/v1/classify", json=body(SPANISH, PORTUGUESE, ""))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    results = [Classification.from_dict(result) for result in answer.json()["results"]]
    assert results == tiny.predict([SPANISH, PORTUGUESE, ""], evidence=True)


async def test_the_answer_is_the_one_that_is_described(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/classify", json=body(SPANISH, "Guten Tag, wo ist meine Bestellung?", ""))
    described = ClassifyResponse.model_validate_json(answer.content)
    assert described.model_dump() == answer.json()


async def test_evidence_can_be_left_out_and_the_language_given(
    client: httpx.AsyncClient, tiny: ComplaintClassifier
) -> None:
    message = {"id": "7", "text": SPANISH, "language": "pt-BR", "channel": "web"}
    answer = await client.post("/v1/classify", json={"messages": [message], "evidence": False})
    assert (
        Classification.from_dict(answer.json()["results"][0]) == tiny.predict(SPANISH, ids=["7"], languages=["pt"])[0]
    )


async def test_no_messages_give_no_results(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/classify", json={"messages": []})).json() == {"results": []}


async def test_as_many_and_as_long_as_promised(client: httpx.AsyncClient) -> None:
    assert len((await client.post("/v1/classify", json=body(*["ok"] * 256, evidence=False))).json()["results"]) == 256
    assert (await client.post("/v1/classify", json=body("ño " * 6666, evidence=False))).status_code == 200


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ({"messages": [{"id": "1", "text": "secreto" * 3000}]}, "/messages/0/text"),
        ({"messages": [{"id": "1", "text": "a"}] * 257}, "/messages"),
        ({"messages": [{"id": "1", "text": ["secreto"]}]}, "/messages/0/text"),
        ({"messages": [{"id": "1"}]}, "/messages/0/text"),
        ({"messages": [{"text": "secreto"}]}, "/messages/0/id"),
        ({"messages": [{"id": "1", "text": "a", "language": "secreto"}]}, "/messages/0/language"),
        ({"messages": "secreto"}, "/messages"),
        ({"messages": [], "evidence": "secreto"}, "/evidence"),
        (["secreto"], "/"),
        ({}, "/messages"),
    ],
)
async def test_what_is_wrong_is_said_without_the_text(client: httpx.AsyncClient, sent: object, at: str) -> None:
    answer = await client.post("/v1/classify", json=sent)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:recupera:problem:invalid"
    assert problem["status"] == 422
    assert problem["errors"][0]["at"] == at
    assert "secreto" not in answer.text
    assert not [word for word in ("Input should", "Field required", "valid ") if word in answer.text]


@pytest.mark.parametrize(
    "content", [b"", b"secreto", b'{"messages": [', b'{"messages": "\xff secreto"}', b"[" * 100_000, b"\x00"]
)
async def test_what_is_no_json_is_a_bad_request(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/v1/classify", content=content, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secreto" not in answer.text


async def test_half_surrogate_pairs_and_nul_are_classified(client: httpx.AsyncClient) -> None:
    content = rb'{"messages": [{"id": "\ud800", "text": "lleg\u00f3 roto \ud83d y\u0000 mal"}]}'
    answer = await client.post("/v1/classify", content=content, headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["results"][0]["id"] == "\ufffd"


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_only_json_is_taken(client: httpx.AsyncClient, declared: str | None) -> None:
    headers = {"content-type": declared} if declared else {}
    answer = await client.post("/v1/classify", content=json.dumps(body("secreto")).encode(), headers=headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_while_it_is_read(open_service: Opener, *, declared: bool) -> None:
    taken = 0

    async def endless():
        nonlocal taken
        while taken < 200:
            taken += 1
            yield b" " * 1024

    async with open_service(max_body_bytes=4096) as client:
        content = b" " * 5000 if declared else endless()
        answer = await client.post("/v1/classify", content=content, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:recupera:problem:too-large"
    assert taken < 10


async def test_too_many_waiting_is_an_answer_at_once(open_service: Opener) -> None:
    async with open_service(queue_size=256, classifier=_Stuck()) as client:
        import asyncio

        call = {"messages": [{"id": "1", "text": "a"}] * 256}
        first = asyncio.create_task(client.post("/v1/classify", json=call))
        await asyncio.sleep(0.05)
        answer = await client.post("/v1/classify", json=body("b"))
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["type"] == "urn:recupera:problem:unavailable"
        _Stuck.release.set()
        assert (await first).status_code == 200


class _Stuck:
    """Classifies once it is let."""

    import threading

    release = threading.Event()

    @property
    def model(self) -> Any:
        from classifier.types import ModelInfo

        return ModelInfo("stuck", "0", "1")

    def predict(self, texts: list[str], **_: Any) -> list[Classification]:
        from tests.classifier.test_card import classification

        self.release.wait(10)
        return [classification() for _ in texts]
