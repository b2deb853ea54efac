"""Any JSON: where a message's parts are is written in the settings, in JMESPath (jmespath.org)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from api.channels.arrival import Reading, ShapeError, Wrote, attachment_names, moment, plain
from api.channels.settings import GenericSettings
from api.intake import Incoming

__all__ = ["read"]


def read(payload: Any, settings: GenericSettings, now: datetime) -> Reading:
    """Return the messages of a body; raise ``ShapeError`` if one lacks its name."""
    items = payload if settings.items is None else _found(settings.items, payload, "items")
    if settings.items is None:
        items = [payload]
    elif not isinstance(items, list):
        raise ShapeError("channels.generic.items finds no list")
    wanted = [item for item in items if settings.only is None or _found(settings.only, item, "only")]
    messages = [_message(item, settings, now) for item in wanted]
    written = tuple(
        Wrote(message.external_id, message)
        for message in messages
        if message.text.strip() or message.metadata.get("attachments")
    )
    return Reading(written, "empty" if wanted else "not asked for, by channels.generic.only")


def _message(item: Any, settings: GenericSettings, now: datetime) -> Incoming:
    """Return one message."""
    found = {name: _found(expression, item, name) for name, expression in settings.map.items()}
    name = _text(found["external_id"])
    if not name:
        raise ShapeError("channels.generic.map.external_id finds nothing")
    subject, text = _text(found.get("subject")), plain(found["text"], html=settings.html)
    if found["text"] is not None and not isinstance(found["text"], str):
        raise ShapeError("channels.generic.map.text finds no text")
    attachments = _attachments(found.get("attachments"))
    return Incoming(
        channel=settings.name,
        external_id=name[:512],
        text=plain(f"{subject}\n\n{text}") if subject else text,
        received_at=moment(found.get("received_at"), now),
        customer=_customer(found, settings),
        thread_id=_text(found.get("thread_id"))[:512] or None,
        metadata={
            **{
                key.removeprefix("metadata."): _text(value)[:1000]
                for key, value in found.items()
                if key.startswith("metadata.") and value is not None
            },
            **({"attachments": attachments} if attachments else {}),
        },
    )


def _attachments(found: Any) -> list[str]:
    """Return what attachments are called: their names, or objects that have one."""
    named = [{"name": item} if isinstance(item, str) else item for item in (found if isinstance(found, list) else ())]
    return attachment_names(named, "name", "filename", "file_name", "url")


def _customer(found: dict[str, Any], settings: GenericSettings) -> dict[str, Any] | None:
    """Return who wrote."""
    name = _text(found.get("customer_id"))[:256]
    if not name:
        return None
    country = _text(found.get("country")).upper()
    tier = _text(found.get("value_tier"))[:64]
    country = country if len(country) == 2 and country.isascii() and country.isalpha() else settings.country or ""
    return {"id": name} | ({"value_tier": tier} if tier else {}) | ({"country": country} if country else {})


def _found(expression: str, item: Any, name: str) -> Any:
    """Return what an expression finds; jmespath keeps what it compiled."""
    try:
        return jmespath.search(expression, item)
    except (JMESPathError, ArithmeticError, TypeError, ValueError):  # of 1 < 'a'
        raise ShapeError(f"channels.generic: the expression of {name} does not fit this body") from None


def _text(value: Any) -> str:
    """Return a scalar as text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return plain(str(value)).strip()
