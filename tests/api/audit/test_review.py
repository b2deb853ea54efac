"""A store that is whole, and the same store broken in every way that the audit knows, on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.audit import Code, Level, Review, review
from api.store.database import Store, database_url
from tests.api.audit.conftest import Desk, found

pytestmark = pytest.mark.anyio


BREAKS: list[tuple[str, list[str], Code, dict[str, str], str]] = [
    # what happened, how, what is found, of what, what is said
    (
        "a classification is lost",
        ["UPDATE messages SET classification = 'null' WHERE id = '{praise}'"],
        Code.UNCLASSIFIED, {"message": "praise"}, "can't be read",
    ),
    (
        "a classification is of another shape",
        ["""UPDATE messages SET classification = '{{"label": 1}}' WHERE id = '{complaint}'"""],
        Code.UNCLASSIFIED, {"message": "complaint"}, "can't be read",
    ),
    (
        "a classification is another message's",
        ["""UPDATE messages SET classification = (SELECT m.classification FROM messages m WHERE m.id = '{first}')
            WHERE id = '{complaint}'"""],
        Code.UNCLASSIFIED, {"message": "complaint"}, "another message's",
    ),
    (
        "a label is changed",
        ["UPDATE messages SET severity = 'low' WHERE id = '{complaint}'"],
        Code.LABELS, {"message": "complaint"}, "severity",
    ),
    (
        "one of several labels is lost",
        ["DELETE FROM message_labels WHERE message_id = '{complaint}' AND label = 'altruism'"],
        Code.LABELS, {"message": "complaint"}, "motive",
    ),
    (
        "a label of several is added",
        ["INSERT INTO message_labels VALUES ('{praise}', 'justice', 'outcome')"],
        Code.LABELS, {"message": "praise"}, "justice",
    ),
    (
        "a message came twice",
        [
            "ALTER TABLE messages RENAME TO kept",
            "CREATE TABLE messages AS SELECT * FROM kept",
            "UPDATE messages SET external_id = 'complaint' WHERE id = '{praise}'",
        ],
        Code.TWICE_RECEIVED, {"message": "complaint", "other": "praise"}, "twice",
    ),
    (
        "it was classified twice",
        ["""INSERT INTO outbox (id, kind, type, message_id, data, created_at, done_at)
            SELECT 'f', kind, type, message_id, data, created_at, NULL FROM outbox
            WHERE message_id = '{praise}' AND type = 'message.classified'"""],
        Code.UNTOLD, {"message": "praise"}, "message.classified is there 2 times, not 1",
    ),
    (
        "a complaint lost its case",
        ["UPDATE messages SET case_id = NULL WHERE id = '{complaint}'"],
        Code.NO_CASE, {"message": "complaint"}, "has no case",
    ),
    (
        "a case is deleted",
        ["DELETE FROM cases WHERE id = '{case of complaint}'"],
        Code.LOST_CASE, {"message": "complaint", "case": "case of complaint"}, "not there",
    ),
    (
        "a message is deleted",
        ["DELETE FROM messages WHERE id = '{complaint}'"],
        Code.NO_MESSAGE, {"case": "case of complaint"}, "no message",
    ),
    (
        "one message of two is deleted",
        ["DELETE FROM messages WHERE id = '{second}'"],
        Code.NO_MESSAGE, {"case": "case of first"}, "counts 2 complaints and has 1",
    ),
    (
        "a plan is lost",
        ["UPDATE cases SET plan = NULL WHERE id = '{case of complaint}'"],
        Code.NO_PLAN, {"case": "case of complaint"}, "no plan",
    ),
    (
        "a step is deleted",
        ["DELETE FROM steps WHERE case_id = '{case of first}' AND revision = 2 AND id = 'offer_compensation'"],
        Code.NO_PLAN, {"case": "case of first"}, "offer_compensation",
    ),
    (
        "a policy is deleted",
        ["DELETE FROM policies"],
        Code.NO_POLICY, {"case": "case of complaint"}, "policy",
    ),
    (
        "a closed case has no outcome",
        ["UPDATE cases SET outcome = NULL WHERE id = '{case of unsure}'"],
        Code.CASE_STATE, {"case": "case of unsure"}, "it is closed, its outcome is None",
    ),
    (
        "an open case has an end",
        ["UPDATE cases SET closed_at = updated_at WHERE id = '{case of first}'"],
        Code.CASE_STATE, {"case": "case of first"}, "it is open",
    ),
    (
        "an event is deleted",
        ["DELETE FROM outbox WHERE case_id = '{case of complaint}' AND type = 'case.opened'"],
        Code.UNTOLD, {"case": "case of complaint"}, "case.opened is there 0 times, not 1",
    ),
    (
        "the end was never told",
        ["UPDATE outbox SET type = 'alert.raised' WHERE case_id = '{case of unsure}' AND type = 'case.closed'"],
        Code.UNTOLD, {"case": "case of unsure"}, "case.closed is there 0 times",
    ),
    (
        "a doubt was never told",
        ["DELETE FROM outbox WHERE message_id = '{unsure}' AND type = 'review.needed'"],
        Code.UNTOLD, {"message": "unsure"}, "review.needed is there 0 times, not 1",
    ),
    (
        "an entry waits for hours",
        ["""UPDATE outbox SET done_at = NULL, created_at = '2026-01-01 10:00:00.000000'
            WHERE message_id = '{praise}'"""],
        Code.OUTBOX_STUCK, {"message": "praise"}, "event message.classified waits since 2026-01-01T10:00:00Z",
    ),
    (
        "a delivery is deleted",
        ["DELETE FROM deliveries WHERE id = '{delivery}'"],
        Code.NO_DELIVERY, {"event": "event", "destination": "everything"}, "never made a delivery",
    ),
    (
        "an event can't be read and was not delivered",
        [
            "DELETE FROM deliveries WHERE event_id = '{event}'",
            "UPDATE outbox SET data = '[]' WHERE id = '{event}'",
        ],
        Code.UNREADABLE_EVENT, {"event": "event"}, "can't be read",
    ),
    (
        "a delivery was made twice",
        [
            "ALTER TABLE deliveries RENAME TO kept",
            "CREATE TABLE deliveries AS SELECT * FROM kept",
            "INSERT INTO deliveries SELECT * FROM kept WHERE id = '{delivery}'",
            "UPDATE deliveries SET status = 'delivered', next_at = NULL",
        ],
        Code.TWICE_DELIVERED, {"event": "event", "destination": "everything"}, "2 deliveries",
    ),
    (
        "a delivery is in no state",
        ["UPDATE deliveries SET status = 'lost' WHERE id = '{delivery}'"],
        Code.DELIVERY_STATE, {"delivery": "delivery"}, "neither pending nor final",
    ),
    (
        "a delivery is pending without a next attempt",
        ["UPDATE deliveries SET next_at = NULL WHERE id = '{delivery}'"],
        Code.DELIVERY_STATE, {"delivery": "delivery"}, "no attempt is planned",
    ),
    (
        "a delivery is of no event",
        ["UPDATE outbox SET id = 'gone' WHERE id = '{event}'"],
        Code.DELIVERY_STATE, {"event": "event"}, "event is not there",
    ),
    (
        "a delivery is to nobody",
        ["UPDATE destinations SET id = 'gone' WHERE id = '{everything}'"],
        Code.DELIVERY_STATE, {"delivery": "delivery", "destination": "everything"}, "destination is not there",
    ),
    (
        "a delivery to a deleted destination is pending",
        ["UPDATE destinations SET deleted_at = created_at WHERE id = '{everything}'"],
        Code.DELIVERY_STATE, {"delivery": "delivery", "destination": "everything"}, "is deleted",
    ),
    (
        "nothing is sent",
        [
            "UPDATE deliveries SET next_at = '2026-01-01 10:00:00.000000' WHERE id = '{delivery}'",
            "UPDATE destinations SET tokens_at = '2026-01-01 10:00:00.000000'",
        ],
        Code.DELIVERY_STUCK, {"delivery": "delivery", "destination": "everything"}, "1 deliveries are overdue",
    ),
    (
        "a destination is disabled",
        ["UPDATE destinations SET enabled = FALSE WHERE id = '{grave}'"],
        Code.DELIVERY_WAITS, {"destination": "grave"}, "2 deliveries wait",
    ),
    (
        "a workflow does not look",
        ["UPDATE cases SET next_at = '2026-01-01 10:00:00.000000' WHERE id = '{case of first}'"],
        Code.WORKFLOW_STUCK, {"case": "case of first"}, "since 2026-01-01T10:00:00Z",
    ),
]  # fmt: skip


async def test_a_whole_store_has_nothing_to_find(desk: Desk) -> None:
    into = Review()
    async with desk.store.read() as connection:
        assert await found(connection, into=into) == []
    assert into.looked_at == {"messages": 6, "cases": 4, "events": 13, "deliveries": 15}
    assert into.deliveries == {"pending": 15}
    assert (into.errors, into.unjudged) == (0, 0)


async def test_every_break_is_found_and_named(desk: Desk, subtests: pytest.Subtests) -> None:
    for what, statements, code, ids, said in BREAKS:
        with subtests.test(what):
            async with desk.broken(*statements) as connection:
                findings = await found(connection)
            hits = [finding for finding in findings if finding.code is code and said in finding.message]
            wanted = {(kind, desk.names[name]) for kind, name in ids.items()}
            assert any(wanted <= set(hit.ids.items()) for hit in hits), findings
    assert await desk.findings() == []


def test_every_kind_of_finding_is_broken_here_or_in_the_tests_of_remedies_and_workflows() -> None:
    elsewhere = {Code.UNEQUAL, Code.DIFFERENT, Code.CHANGED, Code.NO_WORKFLOW}
    assert {code for _, _, code, _, _ in BREAKS} == set(Code) - elsewhere


async def test_one_break_is_one_finding(desk: Desk) -> None:
    async with desk.broken("DELETE FROM deliveries WHERE id = '{delivery}'") as connection:
        assert len(await found(connection)) == 1
    async with desk.broken("UPDATE messages SET severity = 'low' WHERE id = '{complaint}'") as connection:
        assert len(await found(connection)) == 1


async def test_no_finding_repeats_what_a_customer_wrote(desk: Desk) -> None:
    for _, statements, *_ in BREAKS:
        async with desk.broken(*statements) as connection:
            for finding in await found(connection):
                assert "lleg" not in str(finding.to_dict())
                assert "ana" not in finding.ids.values()


async def test_a_destination_is_owed_nothing_of_before_it_came_or_was_changed(desk: Desk) -> None:
    await desk.destination("late")
    assert await desk.findings() == []
    changed = f"UPDATE destinations SET updated_at = '{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}'"
    async with desk.broken("DELETE FROM deliveries WHERE id = '{delivery}'", changed) as connection:
        into = Review()
        assert await found(connection, into=into) == []
    assert into.unjudged == 11 + 1  # of "grave", whose filter leaves out so many, and the one that is missing


async def test_a_destination_that_rests_or_was_just_sent_to_is_not_stuck(desk: Desk) -> None:
    overdue = "UPDATE deliveries SET next_at = '2026-01-01 10:00:00.000000'"
    async with desk.broken(overdue) as connection:
        assert await found(connection) == []  # its tokens were spent a moment ago: it is slow, not stuck
    resting = (
        f"UPDATE destinations SET tokens_at = '2026-01-01 10:00:00.000000', "
        f"paused_until = '{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%d %H:%M:%S.%f}'"
    )
    async with desk.broken(overdue, resting) as connection:
        assert await found(connection) == []


async def test_what_waits_is_stuck_after_the_minutes_given(desk: Desk) -> None:
    await desk.accept("new", "No llegó.")
    assert await desk.findings(minutes=15) == []
    assert Counter(f.code for f in await desk.findings(minutes=-1))[Code.OUTBOX_STUCK] >= 3


async def test_parts_are_joined_without_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.audit._PART", 2)
    monkeypatch.setattr("api.store.plans._PART", 2)
    assert await desk.findings() == []
    async with desk.broken("UPDATE messages SET severity = 'low'", "DELETE FROM deliveries") as connection:
        assert Counter(finding.code for finding in await found(connection)) == {Code.LABELS: 6, Code.NO_DELIVERY: 15}


async def test_an_audit_beside_a_running_service_sees_one_moment(desk: Desk, database: str, tmp_path: Path) -> None:
    looking = await Store.inspect(database_url(database, tmp_path))
    into, findings = Review(), []
    async with looking.read() as connection:
        steps = review(connection, into, late=datetime.now(UTC) - timedelta(minutes=15), advance=lambda _: None)
        counted = await _first_look(connection)
        await desk.accept("meanwhile", "No llegó.")
        await desk.fan_out()
        findings = [finding async for finding in steps]
    assert findings == []
    assert into.looked_at["messages"] == counted == 6
    await looking.close()


async def _first_look(connection: Any) -> int:
    from api.store.audit import count

    return (await count(connection))["messages"]


def test_notices_are_no_errors() -> None:
    into = Review(found=Counter({Code.DELIVERY_WAITS: 2, Code.CHANGED: 1}))
    assert into.errors == 0
    assert {code for code in Code if code.level is Level.NOTICE} == {
        Code.DELIVERY_WAITS, Code.DIFFERENT, Code.CHANGED,
    }  # fmt: skip
    assert all(code.todo.endswith(".") for code in Code)
