"""The reference of the events that other systems are told, from the code that tells them."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from api.delivery.events import CONTENT_TYPE, PLAIN_FILTERS, EventType, as_cloud_event
from api.delivery.schedule import DELAYS
from api.store.records import OutboxKind, OutboxRecord
from classifier.taxonomy import TASKS

from .tables import code, table

__all__ = ["event_meanings", "events"]

_INTRODUCTION = """# Events

What a [destination](../guides/deliveries.md) can be told. The body is a CloudEvent 1.0 as `{content_type}`, the headers
are those of Standard Webhooks, and the same eight types come live from `GET /v1/events`.

"""
_BODY = """## A body

`subject` and `partitionkey` are the case, or the message where there is no case. `data` never holds the text of a
message.

"""


def events() -> str:
    """Return the page."""
    rows = ((code(name), meaning) for name, meaning in event_meanings())
    introduction = _INTRODUCTION.replace("eight", _count(len(EventType))).format(content_type=CONTENT_TYPE)
    return "".join(
        [
            introduction,
            table(("Type", "Says that"), rows),
            _filters(),
            _BODY,
            f"```json\n{json.dumps(json.loads(as_cloud_event(_example())), indent=2)}\n```\n\n",
            _attempts(),
        ]
    )


def event_meanings() -> Iterator[tuple[str, str]]:
    """Yield each type with what the source says beside it."""
    said = dict(re.findall(r'= "(\S+)"\s+# (.+)', inspect.getsource(EventType)))
    for event in EventType:
        yield event.value, said.get(event.value, "")


def _filters() -> str:
    keys = [*PLAIN_FILTERS, *(task.id for task in TASKS)]
    return (
        "## Filters\n\nA destination may narrow events about a message by any of "
        f"{', '.join(map(code, keys))}. Every key must fit, by any of its values; ids are those of "
        "[the labels](labels.md).\n\n"
    )


def _attempts() -> str:
    rows = ((str(number), _wait(delay)) for number, delay in enumerate(DELAYS, 1))
    waits = table(("Attempt", "After the one before"), rows)
    return f"## Attempts\n\nAfter the last one a delivery is a dead letter.\n\n{waits}"


def _wait(delay: timedelta) -> str:
    seconds = int(delay.total_seconds())
    if not seconds:
        return "at once"
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _count(number: int) -> str:
    words = {7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}
    return words.get(number, str(number))


def _example() -> OutboxRecord:
    case = "01a226bf-0000-7000-8000-000000000001"
    data = {"case_id": case, "step": "acknowledge", "due_at": "2026-11-03T09:00:00+00:00", "proof_required": False}
    return OutboxRecord(
        id="01a226bf-0000-7000-8000-000000000002",
        kind=OutboxKind.EVENT,
        type=EventType.STEP_DUE,
        message_id=None,
        case_id=case,
        data=data,
        created_at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
    )


if __name__ == "__main__":
    sys.stdout.write(events())
