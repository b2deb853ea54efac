"""Secrets at rest: encrypted where the operator has a key (Fernet: AES-128-CBC with HMAC-SHA-256)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from classifier.errors import InputError

__all__ = ["SETTING", "Vault"]

SETTING: Final = "RECUPERA_SECRET_KEY"
_NEW_KEY: Final = (
    "make one by: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)

Secret = Mapping[str, Any]
"""``{"secret", …}`` as it is used, ``{"sealed", …}`` as it is stored."""


class Vault:
    """Encrypts with the first of its keys and decrypts with any, so that keys can be changed while others still run."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raise ``ValueError`` if a key is not 32 bytes in URL-safe base64, or there is none."""
        self._newest = Fernet(keys[0]) if keys else None
        self._all = MultiFernet([Fernet(key) for key in keys])

    @classmethod
    def parse(cls, setting: str) -> Self:
        """Read keys with commas or spaces between them, the newest first; raise ``InputError`` without any of them."""
        try:
            return cls(setting.replace(",", " ").split())
        except ValueError:
            raise InputError(f"{SETTING} holds no Fernet key (32 bytes in URL-safe base64); {_NEW_KEY}") from None

    def seal(self, secret: Secret) -> dict[str, Any]:
        """Return a secret as it is stored."""
        if "sealed" in secret:
            return dict(secret)
        rest = {name: value for name, value in secret.items() if name != "secret"}
        return {"sealed": self._all.encrypt(secret["secret"].encode()).decode(), **rest}

    def open(self, secret: Secret) -> dict[str, Any]:
        """Return a secret as it is used; raise ``InputError`` if none of the keys opens it."""
        if "sealed" not in secret:
            return dict(secret)
        rest = {name: value for name, value in secret.items() if name != "sealed"}
        try:
            return {"secret": self._all.decrypt(secret["sealed"]).decode(), **rest}
        except InvalidToken:
            raise InputError(
                f"secrets are encrypted by a key that {SETTING} does not hold; add it at its end"
            ) from None

    def is_current(self, secret: Secret) -> bool:
        """Say whether a stored secret is encrypted by the newest key."""
        if self._newest is None or "sealed" not in secret:
            return False
        try:
            self._newest.decrypt(secret["sealed"])
        except InvalidToken:
            return False
        return True
