import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.feedback import Labels
from api.store import feedback, outbox
from api.store.database import Store
from api.store.records import OutboxKind
from classifier.taxonomy import TASKS, TaskKind
from tests.api.test_messages import listed, message, post
from training.corpus import check_labels, read_messages

pytestmark = pytest.mark.anyio

WHOLE = {
    "complaint": True, "motive": ["venting", "altruism"], "severity": "critical", "justice": ["procedural"],
    "quality": "empathy", "touchpoint": "support", "tone": "abusive", "guarantee": True, "conduct": "belligerent",
}  # fmt: skip


async def correct(service: httpx.AsyncClient, message_id: str, labels: Any, **more: Any) -> httpx.Response:
    return await service.post(f"/v1/messages/{message_id}/feedback", json={"labels": labels, **more})


async def test_a_correction_is_kept_with_the_message(service: httpx.AsyncClient) -> None:
    message_id = (await post(service, text="¿?"))["message_id"]
    assert await listed(service, review="needed") == ["1"]
    first = await correct(service, message_id, WHOLE, reviewer="ana", comment="Grave.")
    assert first.status_code == 201
    assert first.json()["labels"] == WHOLE
    assert (first.json()["reviewer"], first.json()["model"]) == ("ana", "marked 0")
    second = await correct(service, message_id, {"complaint": False, "tone": "calm"}, language="pt-BR")
    stored = (await service.get(f"/v1/messages/{message_id}")).json()
    assert stored["feedback"] == [first.json(), second.json()]
    assert stored["feedback"][1]["language"] == "pt"
    assert stored["review"] == "done"
    assert stored["classification"]["severity"]["label"] == "high"
    assert await listed(service, review="done") == ["1"]


@pytest.mark.parametrize(
    ("labels", "at"),
    [
        ({}, "/labels/complaint"),
        ({"complaint": 1}, "/labels/complaint"),
        ({"complaint": "yes"}, "/labels/complaint"),
        ({"complaint": True, "severity": "secreto"}, "/labels/severity"),
        ({"complaint": True, "motive": []}, "/labels/motive"),
        ({"complaint": True, "motive": "venting"}, "/labels/motive"),
        ({"complaint": True, "motive": ["venting", "venting"]}, "/labels/motive"),
        ({"complaint": True, "justice": ["outcome", "secreto"]}, "/labels/justice/1"),
        ({"complaint": False, "severity": "low"}, "/labels"),
        ({"complaint": True, "mood": "bad"}, "/labels/mood"),
        ("secreto", "/labels"),
    ],
)
async def test_what_is_not_of_the_taxonomy_is_named(service: httpx.AsyncClient, labels: Any, at: str) -> None:
    message_id = (await post(service))["message_id"]
    answer = await correct(service, message_id, labels)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["at"] == at
    assert "secreto" not in answer.text
    assert (await service.get(f"/v1/messages/{message_id}")).json()["feedback"] == []


def answers() -> st.SearchStrategy[dict[str, Any]]:
    """Return anything that looks like labels."""
    some: dict[str, Any] = {}
    for task in TASKS:
        one = st.sampled_from([*task.label_ids, "other"])
        many = st.lists(one, max_size=3)
        some[task.id] = st.one_of(st.booleans() if task.kind is TaskKind.FLAG else one, many)
    return st.fixed_dictionaries({}, optional=some)


@given(answers())
def test_what_is_accepted_can_be_trained_on(labels: dict[str, Any]) -> None:
    try:
        accepted = Labels.model_validate(labels).model_dump(exclude_none=True)
    except ValidationError:
        return
    check_labels(accepted)
    assert accepted == labels


async def test_the_latest_corrections_are_a_training_corpus(
    store: Store, service: httpx.AsyncClient, tmp_path: Path
) -> None:
    first = await post(service, "1", "No llegó\x85nada.", thread_id="t")
    second = await post(service, "2", "Sigo sin nada.", thread_id="t")
    for number, text in enumerate(("", "Todo bien.")):
        other = (await post(service, f"3{number}", text))["message_id"]
        await correct(service, other, {"complaint": False})
    await correct(service, first["message_id"], {"complaint": False})
    await correct(service, first["message_id"], WHOLE)
    await correct(service, second["message_id"], {"complaint": True}, language="pt")
    async with store.read() as connection:
        lines = [line async for line in feedback.training_lines(connection)]
    path = tmp_path / "feedback.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    bien, one, two = read_messages(path)
    assert (bien.labels, bien.channel) == ({"complaint": False}, "email")
    assert (one.id, one.labels, one.language, one.source) == (first["message_id"], WHOLE, "es", "feedback")
    assert (two.labels, two.language) == ({"complaint": True}, "pt")
    assert one.family == two.family == first["case_id"]


async def test_many_corrections_are_read_in_parts(
    store: Store, service: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "_PART", 2)
    ids = [(await post(service, str(number)))["message_id"] for number in range(5)]
    for name in ids:
        await correct(service, name, {"complaint": True})
    async with store.read() as connection:
        assert [line["id"] async for line in feedback.training_lines(connection)] == ids


async def test_a_correction_is_told(store: Store, service: httpx.AsyncClient) -> None:
    accepted = await post(service)
    await correct(service, accepted["message_id"], {"complaint": True, "severity": "low"})
    async with store.write() as connection:
        last = (await outbox.pending(connection, OutboxKind.EVENT))[-1]
    assert last.type == "feedback.recorded"
    assert last.data["feedback"]["labels"] == {"complaint": True, "severity": "low"}
    assert (last.data["message_id"], last.data["case_id"]) == (accepted["message_id"], accepted["case_id"])


async def test_only_json_without_unknown_keys_is_taken(service: httpx.AsyncClient) -> None:
    path = f"/v1/messages/{(await post(service))['message_id']}/feedback"
    assert (await service.post(path, content=json.dumps(message()))).status_code == 415
    assert (await service.post(path, json={"labels": {"complaint": True}, "secreto": 1})).status_code == 422
