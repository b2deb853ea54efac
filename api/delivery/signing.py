"""Signatures of Standard Webhooks: the secrets, and the headers of a delivery."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from standardwebhooks import Webhook

__all__ = ["PREFIX", "ROTATION", "check_secret", "headers", "new_secret", "rotated"]

PREFIX: Final = "whsec_"
ROTATION: Final = timedelta(hours=24)
"""How long the secret before is still signed with."""

_BYTES: Final = range(24, 65)


def new_secret() -> str:
    """Return a secret of 256 bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_secret(secret: str) -> str:
    """Return the secret; raise ``ValueError`` that says what is wrong, without the secret."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"must begin with {PREFIX}")
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be base64 after {PREFIX}") from None
    if len(key) not in _BYTES:
        raise ValueError(f"must hold {_BYTES.start} to {_BYTES.stop - 1} bytes as base64")
    return secret


def rotated(known: Sequence[Mapping[str, Any]], secret: str, now: datetime) -> list[dict[str, Any]]:
    """Return the secrets after a change: the new one, and the one before until ``ROTATION`` has passed."""
    before = [{"secret": item["secret"], "expires_at": (now + ROTATION).isoformat()} for item in known[:1]]
    return [{"secret": secret, "expires_at": None}, *(item for item in before if item["secret"] != secret)]


def headers(known: Sequence[Mapping[str, Any]], delivery_id: str, body: str, now: datetime) -> dict[str, str]:
    """Return the headers by which the receiver knows sender, message and time, a signature for each valid secret."""
    valid = [item["secret"] for item in known if not _expired(item, now)]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(delivery_id, now.astimezone(UTC), body) for secret in valid),
    }


def _expired(item: Mapping[str, Any], now: datetime) -> bool:
    return item["expires_at"] is not None and datetime.fromisoformat(item["expires_at"]) <= now
