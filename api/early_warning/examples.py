"""Messages that show what an alert is about, in few words and without personal data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from api.store.records import MessageRecord
from classifier.redaction import find_personal_data
from classifier.taxonomy import SEVERITY

__all__ = ["example"]

_LONGEST: Final = 160


def example(message: MessageRecord, dimension: str, value: str, *, phrase: bool) -> dict[str, Any]:
    """Return a message as an example of a slice; with ``phrase`` the words that carry the decision, masked."""
    severity = message.classification.get("severity")
    return {
        "message_id": message.id,
        "case_id": message.case_id,
        "channel": message.channel,
        "received_at": message.received_at.isoformat().replace("+00:00", "Z"),
        "language": message.classification.get("language"),
        "severity": severity and severity["label"],
        "phrase": _phrase(message, dimension, value) if phrase else None,
    }


def _phrase(message: MessageRecord, dimension: str, value: str) -> str | None:
    """Return the evidence for the slice's label, or else for the severity, or else any; ``None`` without evidence."""
    evidence: Iterable[Mapping[str, Any]] = message.classification.get("evidence") or ()
    ranked = sorted(evidence, key=lambda item: _rank(item, dimension, value))
    return _masked(message.text, ranked[0]["start"], ranked[0]["end"]) if ranked else None


def _rank(item: Mapping[str, Any], dimension: str, value: str) -> int:
    if (item["task"], item["label"]) == (dimension, value):
        return 0
    return 1 if item["task"] == SEVERITY.id else 2


def _masked(text: str, start: int, end: int) -> str:
    """Return a part of a text, cut to fit, with ``<PHONE>`` and the like for what identifies somebody.

    Personal data is looked for in the whole text: its neighbours tell what a number is.
    """
    end = min(end, start + _LONGEST)
    kept, place = "", start
    for data in find_personal_data(text):
        if data.end <= place or data.start >= end:
            continue
        kept += f"{text[place : max(place, data.start)]}<{data.kind.upper()}>"
        place = data.end
    return " ".join((kept + text[place:end]).split())
