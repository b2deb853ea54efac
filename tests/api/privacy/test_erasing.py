"""A customer, a message or what is old is erased: all of it, only it, and the store still adds up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.case_changes import reopen
from api.cases import close, complete_step
from api.errors import ConflictError, ErasedError, NotFoundError
from api.intake import Accepted, Intake
from api.privacy import erasing
from api.privacy.erasing import erase_customer, erase_message, erase_older
from api.privacy.report import proven
from api.store import alerts, erasable, feedback, inbound, inbox
from api.store.alerts import AlertRecord
from api.store.database import Connection, Store
from api.store.identifiers import new_id
from api.store.inbound import InboundRecord
from api.store.inbox import MailRecord
from api.store.records import CaseStatus, FeedbackRecord, Outcome
from api.store.tables import METADATA
from tests.api.privacy.conftest import CUSTOMER, TEXT, Office
from tests.api.privacy.looking import in_tables
from tests.api.workflow.conftest import Desk, Open, until

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
OTHER = {"id": "cliente-11111", "name": "Benito Otro"}
WAITING = {"channel": "email", "external_id": "nota-4", "text": TEXT, "customer": None, "thread_id": "hilo-1"}
WORDS = (CUSTOMER["id"], CUSTOMER["name"], "Pedí una licuadora", "carta-", "hilo-")


async def dump(store: Store) -> dict[str, list[Any]]:
    async with store.read() as connection:
        return {
            table.name: sorted(map(str, (await connection.execute(table.select())).all()))
            for table in METADATA.sorted_tables
        }


async def test_a_case_of_two_customers_is_left_to_the_other(office: Office) -> None:
    theirs = await office.take("carta-1", thread_id="hilo-1")
    other = await office.take("nota-2", "No llegó, soy su vecino.", customer=OTHER, thread_id="hilo-1")
    assert theirs.case_id == other.case_id
    erased = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert (erased.cases_shared, erased.cases_ended, erased.message_ids) == (1, 0, [theirs.id])
    case = await office.case(other.case_id)
    assert (case.status, case.complaints, case.customer_id) == (CaseStatus.OPEN, 2, OTHER["id"])
    assert (await office.message(other.id)).text == "No llegó, soy su vecino."
    assert await office.audit() == []


async def test_a_running_case_is_cancelled_and_can_not_come_back(office: Office) -> None:
    message = await office.take("carta-1", thread_id="hilo-1", metadata={"a": 1})
    unnamed = await office.take("carta-2", "Sigue sin llegar.", thread_id="hilo-1", customer=None)
    erased = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert (erased.cases_ended, sorted(erased.message_ids)) == (1, sorted([message.id, unnamed.id]))
    case = await office.case(message.case_id)
    assert (case.status, case.customer_id, case.customer) == (CaseStatus.CANCELLED, None, {"country": "AR"})
    [closed] = await office.events("case.closed")
    assert (closed["cancelled"], closed["classification"]["evidence"]) == (True, [])
    [told] = await office.events("customer.erased")
    assert (told["case_id"], told["scope"], told["external_id"]) == (case.id, "customer", None)
    assert await office.audit() == []
    async with office.store.write() as connection:
        with pytest.raises(ConflictError, match="erased"):
            await reopen(connection, case.id, by=None, note=None, now=NOW)
    for name in ("carta-1", "carta-2"):
        with pytest.raises(ErasedError):
            await office.take(name, "Otra cosa.")


@pytest.mark.parametrize(
    ("unnamed", "named"), [("Todo bien.", TEXT), ("Todo bien.", "Todo bien."), (TEXT, "Todo bien.")]
)
async def test_what_came_without_a_name_goes_too_with_a_case_or_without(
    office: Office, database: str, unnamed: str, named: str
) -> None:
    texts = {"carta-1": unnamed, "carta-2": named}
    whose: dict[str, Any] = {"carta-1": None, "carta-2": CUSTOMER}
    for name in sorted(texts, key=lambda name: texts[name] == TEXT):
        await office.take(name, texts[name], thread_id="hilo-1", customer=whose[name])
    tried = await erase_customer(office.store, CUSTOMER["id"], at=NOW, dry=True)
    done = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert (tried.gone["messages"], tried.cases_ended) == (done.gone["messages"], done.cases_ended)
    assert (done.gone["messages"], done.cases_ended) == (2, 1 if TEXT in texts.values() else 0)
    assert in_tables(database, WORDS) == {}
    assert await office.audit() == []


async def test_a_crash_between_two_cases_of_a_conversation_leaves_nothing_behind(
    office: Office, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = await office.take("carta-1", thread_id="hilo-1")
    async with office.store.write() as connection:
        await close(connection, str(named.case_id), Outcome.LOST, by=None, note=None, now=NOW)
    unnamed = await office.take("carta-2", thread_id="hilo-1", customer=None)
    assert unnamed.case_id not in (None, named.case_id)
    one_case, begun = erasing._case, 0

    async def crashing(connection: Connection, **of: Any) -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            raise InterruptedError
        await one_case(connection, **of)

    with monkeypatch.context() as patched:
        patched.setattr(erasing, "_case", crashing)
        with pytest.raises(InterruptedError):
            await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert in_tables(database, WORDS) == {}


@pytest.mark.parametrize("named", ["Todo bien.", TEXT])
@pytest.mark.parametrize("late", ["Todo bien, gracias.", "Sigue sin llegar."])
async def test_what_comes_without_a_name_during_an_erasure_goes_too(
    office: Office, database: str, monkeypatch: pytest.MonkeyPatch, named: str, late: str
) -> None:
    message = await office.take("carta-1", named, thread_id="hilo-1")
    if message.case_id:
        async with office.store.write() as connection:
            await close(connection, message.case_id, Outcome.LOST, by=None, note=None, now=NOW)
    cases_of = erasable.cases_of

    async def meanwhile(connection: Connection, customer_id: str) -> list[str]:
        found = await cases_of(connection, customer_id)
        await office.take("carta-2", late, thread_id="hilo-1", customer=None)
        async with office.store.write() as writing:
            content = {**WAITING, "external_id": "carta-3"}
            await inbound.put(writing, InboundRecord(new_id(), "email", "k", "message", "hilo-1", content, NOW))
        return found

    monkeypatch.setattr(erasable, "cases_of", meanwhile)
    erased = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert (erased.gone["messages"], erased.gone["inbound"]) == (2, 1)
    assert in_tables(database, (*WORDS, "Sigue sin llegar")) == {}
    assert await office.audit() == []
    for name in ("carta-2", "carta-3"):
        with pytest.raises(ErasedError):
            await office.take(name, late, customer=None)


async def test_an_erasure_waits_for_what_is_just_being_taken_in(
    office: Office, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if office.store.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    await office.take("carta-1", "Todo bien.", thread_id="hilo-1")
    store_once, stored, go_on = Intake._store_once, asyncio.Event(), asyncio.Event()

    async def slowly(intake: Intake, connection: Connection, **of: Any) -> Accepted:
        accepted = await store_once(intake, connection, **of)
        stored.set()
        await go_on.wait()
        return accepted

    async def is_waiting() -> bool:
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with office.store.read() as connection:
            return erasure.done() or bool((await connection.execute(sa.text(locks))).scalar_one())

    monkeypatch.setattr(Intake, "_store_once", slowly)
    taking = asyncio.create_task(office.take("carta-2", "Todo bien, gracias.", thread_id="hilo-1", customer=None))
    await stored.wait()
    erasure = asyncio.create_task(erase_customer(office.store, CUSTOMER["id"], at=NOW))
    await until(is_waiting)
    go_on.set()
    message, erased = await taking, await erasure
    assert message.id in erased.message_ids
    assert in_tables(database, WORDS) == {}


async def test_what_comes_during_an_erasure_where_another_has_a_name_is_left(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.take("carta-1", "Todo bien.", thread_id="hilo-1")
    cases_of = erasable.cases_of

    async def meanwhile(connection: Connection, customer_id: str) -> list[str]:
        await office.take("nota-2", "Todo bien.", thread_id="hilo-1", customer=OTHER)
        await office.take("nota-3", "Todo bien, soy su vecino.", thread_id="hilo-1", customer=None)
        async with office.store.write() as writing:
            await inbound.put(writing, InboundRecord(new_id(), "email", "k", "message", "hilo-1", WAITING, NOW))
        return await cases_of(connection, customer_id)

    monkeypatch.setattr(erasable, "cases_of", meanwhile)
    erased = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert (erased.gone["messages"], erased.gone["inbound"]) == (1, 0)


async def test_what_came_without_a_name_where_another_has_one_is_left(office: Office) -> None:
    await office.take("nota-1", "Todo bien.", customer=OTHER, thread_id="hilo-1")
    unnamed = await office.take("nota-2", "Todo bien, soy su vecino.", customer=None, thread_id="hilo-1")
    theirs = await office.take("carta-3", thread_id="hilo-1")
    erased = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert erased.message_ids == [theirs.id]
    assert (await office.message(unnamed.id)).text == "Todo bien, soy su vecino."


async def test_one_message_goes_and_its_case_goes_on(office: Office) -> None:
    first = await office.take("carta-1", thread_id="hilo-1")
    second = await office.take("carta-2", "No llegó.", thread_id="hilo-1")
    erased = await erase_message(office.store, first.id, at=NOW)
    assert (erased.message_ids, erased.cases_ended) == ([first.id], 0)
    assert (await office.message(first.id)).text == ""
    assert (await office.message(second.id)).text == "No llegó."
    assert (await office.case(first.case_id)).customer_id == CUSTOMER["id"]
    assert await office.audit() == []
    with pytest.raises(NotFoundError):
        await erase_message(office.store, new_id(), at=NOW)


async def test_what_is_only_tried_changes_nothing_and_what_is_done_twice_is_done_once(office: Office) -> None:
    await office.take("carta-1", thread_id="hilo-1")
    await office.take("carta-2", "Todo bien, gracias.")
    before = await dump(office.store)
    tried = await erase_customer(office.store, CUSTOMER["id"], at=NOW, dry=True)
    assert await dump(office.store) == before
    done = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert (tried.gone["messages"], tried.cases_ended) == (done.gone["messages"], done.cases_ended) == (2, 1)
    again = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    assert (again.gone, again.message_ids) == ({}, [])


@pytest.mark.parametrize("text", [TEXT, "Todo bien."])
async def test_a_message_erased_again_loses_what_was_left_beside_it(office: Office, text: str) -> None:
    message = await office.take("carta-1", text)
    await erase_message(office.store, message.id, at=NOW)
    example = {"message_id": message.id, "phrase": "Pedí una licuadora"}
    alert = AlertRecord(new_id(), "severity", "high", "open", NOW, NOW, None, NOW, 1, 9, 1.0, 3, 0.0, [example])
    async with office.store.write() as connection:
        await alerts.add(connection, alert)
    tried = await erase_message(office.store, message.id, at=NOW, dry=True)
    again = await erase_message(office.store, message.id, at=NOW + timedelta(days=1))
    report = await proven(office.store, office.url, None, again, at=NOW)
    assert (tried.gone, again.gone, again.message_ids) == ({}, {"alerts": 1}, [message.id])
    assert (report.is_left, report.events, len(await office.events("customer.erased"))) == (False, 0, 1)
    assert (await office.message(message.id)).erased_at == NOW


async def kept_beside(office: Office, message_id: str, case_id: str) -> None:
    """Keep what other parts of the service keep of a message."""
    moment = datetime.now(UTC)
    example = {"message_id": message_id, "phrase": "Pedí una licuadora"}
    alert = AlertRecord(new_id(), "severity", "high", "open", NOW, NOW, None, NOW, 1, 9, 1.0, 3, 0.0, [example])
    mail = MailRecord(new_id(), "soporte", "INBOX", 1, 7, "<carta-1@x>", "d" * 64, message_id, "tagged", None, [], [],
                      moment)  # fmt: skip
    content = {"channel": "chatwoot", "external_id": "carta-9", "text": TEXT, "customer": CUSTOMER}
    waiting = InboundRecord(new_id(), "chatwoot", "k", "message", "hilo-9", content, moment, next_at=moment)
    comment = FeedbackRecord(new_id(), message_id, moment, "ana", f"Es {CUSTOMER['name']}", None, {}, "m")
    async with office.store.write() as connection:
        await alerts.add(connection, alert)
        await inbox.add(connection, [mail])
        await inbound.put(connection, waiting)
        await feedback.add(connection, comment)
        note = f"Llamé a {CUSTOMER['name']}"
        await complete_step(connection, case_id, "greet", by="ana", note=note, now=moment)


async def test_everything_kept_beside_a_message_goes_and_is_proven(office: Office, database: str) -> None:
    message = await office.take("carta-1", thread_id="hilo-1")
    await kept_beside(office, message.id, str(message.case_id))
    assert set(in_tables(database, WORDS)) >= {"messages", "feedback", "steps", "history", "alerts", "inbound"}
    erased = await erase_customer(office.store, CUSTOMER["id"], at=NOW, actor="key ops")
    report = await proven(office.store, office.url, None, erased, at=NOW)
    assert (report.is_proven, report.found) == (True, [])
    assert in_tables(database, WORDS) == {}
    assert await office.audit() == []


async def test_a_copy_that_is_left_is_found_and_never_shown(office: Office) -> None:
    await office.take("carta-1")
    await office.take("nota-2", TEXT, customer=OTHER)
    report = await proven(
        office.store, office.url, None, await erase_customer(office.store, CUSTOMER["id"], at=NOW), at=NOW
    )
    assert {"cpf", "phone", "text"} <= {kind for found in report.found for kind in found.kinds}
    assert not report.is_proven
    assert not [word for word in WORDS if word in str(report.to_dict())]


async def closed(office: Office, name: str, days: int, **more: Any) -> str:
    """Take a message in that came some days ago, and close its case then."""
    at = NOW - timedelta(days=days)
    message = await office.take(name, received_at=at, customer={"id": name}, **more)
    async with office.store.write() as connection:
        case = await close(connection, str(message.case_id), Outcome.LOST, by=None, note=None, now=at)
        table = METADATA.tables["cases"]
        moved = table.update().where(table.c.id == case.id).values(opened_at=at, next_at=None)
        await connection.execute(moved)
    return message.id


async def test_age_erases_what_is_over_and_nothing_that_runs(office: Office) -> None:
    old, young = await closed(office, "carta-old", 800), await closed(office, "carta-new", 10)
    running = await office.take("carta-run", received_at=NOW - timedelta(days=900), customer={"id": "r"})
    alone = await office.take("carta-ok", "Todo bien.", received_at=NOW - timedelta(days=900), customer={"id": "a"})
    erased = await erase_older(office.store, NOW - timedelta(days=730), at=NOW)
    assert sorted(erased.message_ids) == sorted([old, alone.id])
    assert [(await office.message(name)).text for name in (young, running.id)] == [TEXT, TEXT]
    assert await office.events("customer.erased") == []
    assert await office.audit() == []


async def test_the_workflow_of_an_erased_case_ends(open_desk: Open) -> None:
    desk: Desk = await open_desk()
    case_id = await desk.complain(customer=CUSTOMER)
    async with desk.working():
        await until(lambda: _is_watched(desk, case_id))
        await erase_customer(desk.store, CUSTOMER["id"], at=datetime.now(UTC))
        await until(lambda: _is_over(desk, case_id))
    assert (await desk.case(case_id)).status == CaseStatus.CANCELLED
    events = await desk.events(case_id)
    assert events[-1].type == "customer.erased"


async def _is_watched(desk: Desk, case_id: str) -> bool:
    case = await desk.case(case_id)
    return case.next_at is not None and case.next_at > case.opened_at


async def _is_over(desk: Desk, case_id: str) -> bool:
    return (await desk.case(case_id)).next_at is None


async def test_figures_stay(office: Office) -> None:
    await office.take("carta-1")
    view = sa.text("SELECT country, severity, complaint FROM recupera_messages")
    async with office.store.read() as connection:
        before = (await connection.execute(view)).all()
    await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    async with office.store.read() as connection:
        assert (await connection.execute(view)).all() == before
