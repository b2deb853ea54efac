"""Who sent it: each vendor's signature on the raw body, compared in constant time.

Sources: Chatwoot's pull request 13573; Zendesk, "Verifying webhook authenticity"; Zammad's admin documentation,
"Webhook payload". Freshdesk signs nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from api.channels.settings import SignatureScheme

__all__ = ["Sent", "UnsignedError", "Verify", "chatwoot", "nobody", "scheme", "token", "zammad", "zendesk"]


class UnsignedError(Exception):
    """It can't be told who sent it; the message says why, without anything of it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came; header names in lower case."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    at: datetime


Verify = Callable[[Sent], None]
"""Raises ``UnsignedError`` for a request that is not the vendor's, or is too old."""

_NO_SIGNATURE: Final = "the signature is missing"
_WRONG: Final = "the signature is wrong"


def chatwoot(secrets: Sequence[str], tolerance: timedelta) -> Verify:
    """Return the check of ``X-Chatwoot-Signature``: ``sha256=`` and an HMAC of ``{timestamp}.{body}`` in hex."""
    given = SignatureScheme(
        header="X-Chatwoot-Signature", prefix="sha256=", timestamp_header="X-Chatwoot-Timestamp", separator="."
    )
    return scheme(given, secrets, tolerance)


def zendesk(secrets: Sequence[str], tolerance: timedelta) -> Verify:
    """Return the check of ``X-Zendesk-Webhook-Signature``: an HMAC of timestamp and body, nothing between, base64."""
    given = SignatureScheme(
        header="X-Zendesk-Webhook-Signature",
        encoding="base64",
        timestamp_header="X-Zendesk-Webhook-Signature-Timestamp",
        separator="",
    )
    return scheme(given, secrets, tolerance)


def zammad(secrets: Sequence[str], tolerance: timedelta) -> Verify:
    """Return the check of ``X-Hub-Signature``: ``sha1=`` and an HMAC of the body in hex. It bears no time."""
    return scheme(SignatureScheme(header="X-Hub-Signature", algorithm="sha1", prefix="sha1="), secrets, tolerance)


def scheme(given: SignatureScheme, secrets: Sequence[str], tolerance: timedelta) -> Verify:
    """Return the check of a scheme; any of ``secrets`` may have signed."""

    def verify(sent: Sent) -> None:
        signature = sent.headers.get(given.header.lower())
        if not signature:
            raise UnsignedError(_NO_SIGNATURE)
        signed, moment = sent.body, ""
        if given.timestamp_header is not None:
            moment = sent.headers.get(given.timestamp_header.lower(), "")
            signed = f"{moment}{given.separator}".encode() + sent.body
        digest = _digest(signature, given)
        made = [hmac.digest(secret.encode(), signed, given.algorithm) for secret in secrets]
        if not any([hmac.compare_digest(digest, expected) for expected in made]):  # noqa: C419 - all, in constant time
            raise UnsignedError(_WRONG)
        if given.timestamp_header is not None:
            _hold_recent(moment, sent.at, tolerance)

    return verify


def token(secrets: Sequence[str]) -> Verify:
    """Return the check of a shared secret, wherever a help desk can put one.

    ``Authorization: Bearer``, the password of basic authentication, ``X-Recupera-Token``, or ``?token=``.
    """
    hashes = [_hashed(secret) for secret in secrets]

    def verify(sent: Sent) -> None:
        given = list(_tokens(sent))
        if not given:
            raise UnsignedError("the shared secret is missing")
        if not any([hmac.compare_digest(_hashed(one), known) for one in given for known in hashes]):  # noqa: C419
            raise UnsignedError("the shared secret is wrong")

    return verify


def nobody(_sent: Sent) -> None:
    """Check nothing."""


def _tokens(sent: Sent) -> list[str]:
    """Return what may be a shared secret."""
    kind, _, value = sent.headers.get("authorization", "").partition(" ")
    found = [sent.headers.get("x-recupera-token", ""), sent.query.get("token", "")]
    if kind.lower() == "bearer":
        found.append(value.strip())
    elif kind.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return []
        found += [password, user]
    return [one for one in found if one]


def _hashed(secret: str) -> bytes:
    """Return a secret's hash, so that a comparison tells nothing of its length either."""
    return hashlib.sha256(secret.encode()).digest()


def _digest(signature: str, given: SignatureScheme) -> bytes:
    """Return the bytes of a signature."""
    if not signature.startswith(given.prefix):
        raise UnsignedError(_WRONG)
    written = signature.removeprefix(given.prefix).strip()
    try:
        if given.encoding == "hex":
            return bytes.fromhex(written)
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise UnsignedError(_WRONG) from None


def _hold_recent(written: str, now: datetime, tolerance: timedelta) -> None:
    """Refuse what was signed long ago, or in the future: it may be a copy."""
    try:
        if written.isascii() and written.isdigit():
            moment = datetime.fromtimestamp(int(written[:12]), UTC)
        else:
            moment = datetime.fromisoformat(written)
    except (ValueError, OverflowError, OSError):
        raise UnsignedError("the signature's time can't be read") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if abs(now - moment) > tolerance:
        raise UnsignedError("the signature is too old, or this machine's clock is wrong")
