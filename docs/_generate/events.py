"""The reference of the events that other systems are told, from the code that tells them."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from api.cases import event_data
from api.delivery.events import CONTENT_TYPE, PLAIN_FILTERS, as_cloud_event
from api.delivery.schedule import DELAYS
from api.store.records import EventType, OutboxKind, OutboxRecord
from classifier.taxonomy import TASKS

from .tables import code, table

__all__ = ["event_keys", "event_meanings", "events"]

_INTRODUCTION = """# Events

What a [destination](../guides/deliveries.md) can be told. The body is a CloudEvent 1.0 as `{content_type}`, the headers
are those of Standard Webhooks, and the same eight types come live from `GET /v1/events`.

"""
_BODY = """## A body

`subject` and `partitionkey` are the case, or the message where there is no case. `data` has {keys}, and `step` where a
step is due. It never holds a message as a whole; in the sentences that a classification quotes, what identifies people
is masked.

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
            _BODY.format(keys=", ".join(map(code, event_keys()))),
            f"```json\n{json.dumps(json.loads(as_cloud_event(_example())), indent=2, ensure_ascii=False)}\n```\n\n",
            _attempts(),
        ]
    )


def event_meanings() -> Iterator[tuple[str, str]]:
    """Yield each type with what the source says beside it."""
    said = dict(re.findall(r'= "(\S+)"\s+# (.+)', inspect.getsource(EventType)))
    for event in EventType:
        yield event.value, said.get(event.value, "")


def event_keys() -> list[str]:
    """Return the keys of ``data`` in an event about a message, in their order."""
    return re.findall(r'^        "(\w+)":', inspect.getsource(event_data), flags=re.M)


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
    values = {"message_id": "01a226bf-0000-7000-8000-000000000003", "external_id": "mail-1", "channel": "email"}
    nested = {"classification": {"…": "…"}, "plan": {"…": "…"}}
    step = {"id": "acknowledge", "due_at": "2026-11-03T09:00:00+00:00", "owner": "care"}
    known = {**values, **nested, "case_id": case, "owner": "care"}
    data = {key: known[key] for key in event_keys()} | {"step": step}
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
