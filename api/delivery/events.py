"""Who wants which event, and how it is told: CloudEvents 1.0 as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from api.store.destinations import DestinationRecord
from api.store.records import OutboxRecord
from classifier.taxonomy import TASK_BY_ID, TaskKind

__all__ = ["CONTENT_TYPE", "PLAIN_FILTERS", "as_cloud_event", "matches"]

CONTENT_TYPE: Final = f"{JSONFormat.CONTENT_TYPE}; charset=utf-8"
PLAIN_FILTERS: Final = ("language", "channel")
"""What besides the tasks of the taxonomy a destination may narrow its events to."""

_FORMAT: Final = JSONFormat()
_SOURCE: Final = "/recupera"


def matches(destination: DestinationRecord, event: OutboxRecord) -> bool:
    """Say whether a destination wants an event.

    Its filter holds for events about a message: every key must fit, by any of its values. An event about no message
    (an alert) has no labels, and is told to whoever asked for its type.
    """
    if event.type not in destination.events:
        return False
    classification = event.data.get("classification")
    if classification is None:
        return True
    return all(
        not set(wanted).isdisjoint(_labels(key, event.data, classification))
        for key, wanted in destination.filter.items()
    )


def as_cloud_event(event: OutboxRecord) -> str:
    """Return the body that tells an event; the same one every time."""
    attributes = {
        "id": event.id,
        "source": _SOURCE,
        "specversion": "1.0",
        "type": event.type,
        "time": event.created_at,
        "datacontenttype": "application/json",
    }
    subject = event.case_id or event.message_id
    if subject is not None:
        attributes |= {"subject": subject, "partitionkey": subject}
    return _FORMAT.write(CloudEvent(attributes, dict(event.data))).decode()


def _labels(key: str, data: Mapping[str, Any], classification: Mapping[str, Any]) -> Sequence[str | bool | None]:
    """Return what an event says about one key of a filter."""
    if key == "channel":
        return [data.get("channel")]
    found = classification.get(key)
    if key not in TASK_BY_ID:
        return [found]
    if found is None:
        return []
    return found["labels"] if TASK_BY_ID[key].kind is TaskKind.MULTI else [found["label"]]
