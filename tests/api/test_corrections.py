"""What a person corrects reaches the case: recognised, graver, never less; on both databases."""

from typing import Any

import httpx
import pytest

from api.corrections import keep
from api.intake import Accepted
from api.store import messages, outbox
from api.store.database import Store
from api.store.records import MessageRecord, OutboxKind, StepStatus
from tests.api.labelled import MILD, Counter
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

NO_COMPLAINT: dict[str, Any] = {"complaint": False}


@pytest.fixture
async def counter(store: Store) -> Counter:
    return await Counter.opened(store)


async def correct(counter: Counter, accepted: Accepted, **labels: Any) -> MessageRecord:
    async with counter.store.write() as connection:
        await keep(connection, accepted.message, {"complaint": True, **labels}, reviewer="ana")
        found = await messages.get(connection, accepted.message.id)
    assert found is not None
    return found


async def test_a_complaint_that_only_a_person_recognises_gets_its_case(counter: Counter) -> None:
    accepted = await counter.write(NO_COMPLAINT)
    assert accepted.case is None
    found = await correct(counter, accepted, severity="critical", justice=["interactional"])
    assert found.case_id is not None
    case = await counter.case(found.case_id)
    assert (case.status, case.complaints, case.double_deviation) == ("open", 1, False)
    assert case.priority == "urgent"
    assert "senior_contact" in await counter.steps(case)
    async with counter.store.read() as connection:
        told = [entry.type for entry in await outbox.of_message(connection, found.id)]
        work = [e.type for e in await outbox.of_case(connection, case.id) if e.kind == OutboxKind.WORKFLOW]
    assert told == ["message.classified", "feedback.recorded", "case.opened"]
    assert work == ["start"]
    assert (await counter.told(case, "feedback.recorded"))[0].data["plan"] == case.plan
    assert await counter.unsound() == []


async def test_the_same_correction_again_changes_nothing(counter: Counter) -> None:
    accepted = await counter.write(NO_COMPLAINT)
    first = await correct(counter, accepted, severity="high")
    again = await correct(counter, accepted, severity="high")
    assert first.case_id is not None
    assert again.case_id == first.case_id
    case = await counter.case(first.case_id)
    assert (case.complaints, case.revision) == (1, 1)


async def test_a_message_in_another_language_is_a_case_once_somebody_read_it(counter: Counter) -> None:
    accepted = await counter.write({"complaint": None, "language": None, "touchpoint": None, "tone": None})
    found = await correct(counter, accepted)
    assert found.case_id is not None
    plan = (await counter.case(found.case_id)).plan
    assert plan is not None
    assert (plan["language"], plan["priority"]) == ("en", "normal")


async def test_an_answer_that_was_a_complaint_is_one(counter: Counter) -> None:
    case = await counter.complain(MILD)
    answer = await counter.write(NO_COMPLAINT)
    await correct(counter, answer, severity="high")
    found = await counter.case(case.id)
    assert (found.complaints, found.double_deviation, found.revision) == (2, True, 2)
    assert await counter.unsound() == []


async def test_what_was_graver_is_owed_more_and_what_was_done_stays_done(counter: Counter) -> None:
    accepted = await counter.write({"severity": "low", "justice": ["procedural"], "touchpoint": "support"})
    assert accepted.case is not None
    await counter.do(accepted.case, "acknowledge")
    await correct(counter, accepted, severity="critical", justice=["outcome"])
    case = await counter.case(accepted.case.id)
    assert (case.priority, case.revision, case.complaints, case.double_deviation) == ("urgent", 2, 1, False)
    steps = await counter.steps(case)
    assert steps["acknowledge"].status == StepStatus.DONE
    assert {"ensure_safety", "make_whole", "waive_rule"} <= set(steps)
    (told,) = await counter.told(case, "case.escalated")
    assert told.data["reason"] == "corrected"
    assert (await counter.history(case))[-1] == "case.escalated"
    assert await counter.unsound() == []


@pytest.mark.parametrize(
    "labels", [{"severity": "low"}, {"justice": ["outcome"]}, {"tone": "calm", "touchpoint": "use"}, {}]
)
async def test_no_correction_takes_anything_back(counter: Counter, labels: dict[str, Any]) -> None:
    accepted = await counter.write({"severity": "high", "justice": ["outcome", "interactional"]})
    await correct(counter, accepted, **labels)
    assert accepted.case is not None
    case = await counter.case(accepted.case.id)
    assert (case.plan, case.revision) == (accepted.case.plan, 1)


async def test_who_is_found_to_have_thanked_keeps_the_case(counter: Counter) -> None:
    accepted = await counter.write(MILD)
    await correct(counter, accepted, complaint=False)
    assert accepted.case is not None
    assert (await counter.case(accepted.case.id)).status == "open"
    assert await counter.unsound() == []


async def test_a_person_may_raise_what_a_person_raised(counter: Counter) -> None:
    accepted = await counter.write(NO_COMPLAINT)
    found = await correct(counter, accepted, severity="moderate")
    await correct(counter, accepted, severity="critical")
    await correct(counter, accepted, severity="high")
    assert found.case_id is not None
    case = await counter.case(found.case_id)
    assert (case.priority, case.revision, case.complaints) == ("urgent", 2, 1)


async def test_the_audit_names_a_recognised_complaint_without_a_case(counter: Counter, monkeypatch: Any) -> None:
    accepted = await counter.write(NO_COMPLAINT)
    with monkeypatch.context() as patched:
        patched.setattr("api.corrections.planner_of", lambda _: None)  # as in a process that takes nothing in
        assert (await correct(counter, accepted)).case_id is None
    assert any("has no case" in said for said in await counter.unsound())
    await correct(counter, accepted, severity="low")
    assert await counter.unsound() == []


async def test_over_http_a_recognised_complaint_gets_its_case(service: httpx.AsyncClient) -> None:
    accepted = await post(service, "1", "Todo bien.")
    assert accepted["case_id"] is None
    path = f"/v1/messages/{accepted['message_id']}"
    answer = await service.post(f"{path}/feedback", json={"labels": {"complaint": True, "severity": "high"}})
    assert answer.status_code == 201
    read = (await service.get(path)).json()
    assert (await service.get(f"/v1/cases/{read['case_id']}")).json()["messages"] == [accepted["message_id"]]
