"""Mail that no customer wrote: seen, noted and left alone.

RFC 3834 (automatic answers), RFC 3464 (bounces), RFC 2919 (lists), and the headers that programs really send.
"""

from __future__ import annotations

import re
from email.message import Message
from enum import StrEnum
from typing import Any, Final

from api.channels.email.mime import header, sender_of
from api.channels.email.settings import InboxSettings, ListMail

__all__ = ["Parked", "parked"]


class Parked(StrEnum):
    """Why a mail is not classified."""

    OWN = "own mail"  # we sent it
    LOOP = "loop"  # it goes round
    BOUNCE = "bounce"  # a mail server says that it could not deliver, or a program that somebody read
    AUTO_REPLY = "automatic reply"  # a program answered
    LIST = "list"  # it went to many


_HOPS: Final = 50
"""Servers that a mail may have passed; RFC 5321 section 6.3 lets them count to 100."""

_DAEMONS: Final = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon)@")
_REPORTS: Final = ("delivery-status", "disposition-notification", "feedback-report")
_AUTOMATIC: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "X-AutoReply-From")
_AWAY: Final = re.compile(
    r"(?i)\s*(?:respuesta autom[aá]tica|resposta autom[aá]tica|automatic reply|auto(?:matic)? ?reply|out of (?:the )?"
    r"office|fuera de (?:la )?oficina|ausente de la oficina|fora do escrit[oó]rio|aus[eê]ncia tempor[aá]ria)\b"
)


def parked(message: Message[Any, Any], inbox: InboxSettings) -> Parked | None:
    """Return why a mail is not to be classified; ``None`` if a customer may have written it."""
    sender = sender_of(message)
    if sender and _is_own(sender, inbox.own_addresses):
        return Parked.OWN
    if _goes_round(message, inbox):
        return Parked.LOOP
    if _is_bounce(message, sender):
        return Parked.BOUNCE
    precedence = header(message, "Precedence").lower()
    if _is_automatic(message, precedence):
        return Parked.AUTO_REPLY
    if inbox.lists is ListMail.PARK and (precedence in ("bulk", "list", "junk") or header(message, "List-Id")):
        return Parked.LIST
    return None


def _is_own(sender: str, own: frozenset[str]) -> bool:
    return sender in own or f"@{sender.rpartition('@')[2]}" in own


def _goes_round(message: Message[Any, Any], inbox: InboxSettings) -> bool:
    if len(message.get_all("Received", [])) > _HOPS:
        return True
    return any(address in header(message, "X-Loop").lower() for address in inbox.own_addresses)


def _is_bounce(message: Message[Any, Any], sender: str | None) -> bool:
    if sender and _DAEMONS.match(sender):
        return True
    kind = message.get_content_type()
    report = str(message.get_param("report-type", "")).lower()
    return (
        (kind == "multipart/report" and report in ("", *_REPORTS))
        or kind == "message/delivery-status"
        or bool(header(message, "X-Failed-Recipients"))
    )


def _is_automatic(message: Message[Any, Any], precedence: str) -> bool:
    submitted = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or precedence in ("auto_reply", "auto-reply")
        or any(header(message, name).lower() not in ("", "no", "none") for name in _AUTOMATIC)
        or header(message, "Return-Path") == "<>"
        or bool(_AWAY.match(header(message, "Subject")))
    )
