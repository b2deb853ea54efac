from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from api.delivery.events import as_cloud_event, matches
from api.store.records import EventType, OutboxRecord
from tests.api.delivery.test_breaker import destination
from tests.classifier.test_card import classification

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def event(type_: str = "case.opened", message: str | None = "m", case: str | None = "c", **data: Any) -> OutboxRecord:
    known = {"message_id": message, "channel": "email", "classification": classification().to_dict(), **data}
    return OutboxRecord("e", "event", type_, message, case, known, NOW)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, True),
        ({"severity": ["high"]}, True),
        ({"severity": ["low", "high"]}, True),
        ({"severity": ["low"]}, False),
        ({"motive": ["altruism"]}, True),
        ({"motive": ["venting"]}, False),
        ({"complaint": [True]}, True),
        ({"complaint": [False]}, False),
        ({"language": ["es"]}, True),
        ({"language": ["pt"]}, False),
        ({"channel": ["chat", "email"]}, True),
        ({"channel": ["chat"]}, False),
        ({"severity": ["high"], "language": ["pt"]}, False),
    ],
)
def test_a_filter_is_every_key_by_any_value(wanted: dict[str, Any], *, told: bool) -> None:
    found = classification()
    assert found.language == "es"
    assert found.severity
    assert found.motive
    assert (found.severity.label, set(found.motive.labels)) == ("high", {"restitution", "altruism"})
    assert matches(destination(events=["case.opened"], filter=wanted), event()) is told


def test_what_has_no_label_does_not_fit() -> None:
    severe = destination(events=["message.classified"], filter={"severity": ["low", "moderate", "high", "critical"]})
    praise = {**classification().to_dict(), "severity": None}
    assert not matches(severe, event("message.classified", classification=praise))


def test_an_alert_has_no_labels_and_is_told() -> None:
    severe = destination(events=["alert.raised"], filter={"severity": ["high"]})
    assert matches(severe, event("alert.raised", None, None, classification=None))


def test_the_type_must_be_asked_for() -> None:
    for kind in EventType:
        assert matches(destination(events=[kind.value]), event(kind.value))
        assert not matches(destination(events=[other.value for other in EventType if other != kind]), event(kind.value))


def test_the_body_is_a_cloud_event_and_always_the_same() -> None:
    body = as_cloud_event(event(text="¡Ñandú! 🙂"))
    assert body == as_cloud_event(event(text="¡Ñandú! 🙂"))
    read = JSONFormat().read(CloudEvent, body)
    assert (read.get_id(), read.get_type(), read.get_time(), read.get_subject()) == ("e", "case.opened", NOW, "c")
    data = read.get_data()
    assert isinstance(data, dict)
    assert data["text"] == "¡Ñandú! 🙂"


@pytest.mark.parametrize(("message", "case", "subject"), [("m", None, "m"), (None, None, None), ("m", "c", "c")])
def test_the_subject_is_the_case_or_the_message(message: str | None, case: str | None, subject: str | None) -> None:
    told = replace(event(), message_id=message, case_id=case)
    assert JSONFormat().read(CloudEvent, as_cloud_event(told)).get_subject() == subject
