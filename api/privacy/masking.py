"""A classification and a case as others are told them: what identifies somebody is put as ``<PHONE>`` and the like.

A classification quotes its message, as evidence and as facts. Places and labels stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.store.sealing import CUSTOMER_KEYS
from classifier.redaction import redact

__all__ = ["masked_case", "masked_classification"]

Spans = Sequence[Mapping[str, Any]]


def masked_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return a case, as a list or by itself, without who its customer is: no names of theirs, no words in notes."""
    shown = {**case, "thread_id": None, "customer": _masked_customer(case.get("customer"))}
    if "steps" in case:
        shown["steps"] = [_masked_note(step) for step in case["steps"]]
    if "history" in case:
        shown["history"] = [{**happened, "detail": _masked_note(happened["detail"])} for happened in case["history"]]
    return shown


def _masked_customer(customer: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what plans are made by."""
    if customer is None:
        return None
    return {name: customer[name] for name in CUSTOMER_KEYS if name in customer and name != "id"}


def _masked_note(noted: Mapping[str, Any]) -> Mapping[str, Any]:
    note = noted.get("note")
    return {**noted, "note": redact(note)} if isinstance(note, str) else noted


def masked_classification(classification: Mapping[str, Any], personal: Spans) -> Mapping[str, Any]:
    """Return a classification without the personal data that was found in its message.

    A fact that is personal data loses its value too.
    """
    evidence, facts = classification.get("evidence") or (), classification.get("facts") or ()
    if not personal or not (evidence or facts):
        return classification
    return {
        **classification,
        "evidence": [{**item, "text": _masked(item, personal)} for item in evidence],
        "facts": [_masked_fact(fact, personal) for fact in facts],
    }


def _masked_fact(fact: Mapping[str, Any], personal: Spans) -> Mapping[str, Any]:
    text = _masked(fact, personal)
    return fact if text == fact["text"] else {**fact, "text": text, "value": {}}


def _masked(quote: Mapping[str, Any], personal: Spans) -> str:
    """Return the words of a quotation, from its place in the message, without what is personal in them."""
    start, words = int(quote["start"]), str(quote["text"])
    kept, place = "", 0
    for span in sorted(personal, key=lambda span: int(span["start"])):
        first, last = max(span["start"] - start, place), min(span["end"] - start, len(words))
        if first < last:
            kept += f"{words[place:first]}<{span['kind'].upper()}>"
            place = last
    return kept + words[place:]
