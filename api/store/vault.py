"""Secrets, and messages where the settings say so, at rest: encrypted by the operator's key.

Fernet: AES-128-CBC with HMAC-SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from classifier.errors import InputError

__all__ = ["NO_KEY", "SETTING", "Vault"]

SETTING: Final = "RECUPERA_SECRET_KEY"
_NEW_KEY: Final = (
    "make one by: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)
NO_KEY: Final = f"privacy.encrypt needs {SETTING}, a Fernet key; {_NEW_KEY}"
"""What to say where messages are to be encrypted and there is no key."""

Secret = Mapping[str, Any]
"""``{"secret", …}`` as it is used, ``{"sealed", …}`` as it is stored."""


class Vault:
    """Encrypts with the first of its keys and decrypts with any, so that keys can be changed while others still run.

    ``messages`` is whether what customers wrote is encrypted too, not only secrets.
    """

    def __init__(self, keys: Sequence[str], *, messages: bool = False) -> None:
        """Raise ``ValueError`` if a key is not 32 bytes in URL-safe base64, or there is none."""
        self._newest = Fernet(keys[0]) if keys else None
        self._all = MultiFernet([Fernet(key) for key in keys])
        self.messages = messages

    @classmethod
    def parse(cls, setting: str, *, messages: bool = False) -> Self:
        """Read keys with commas or spaces between them, the newest first; raise ``InputError`` without any of them."""
        try:
            return cls(setting.replace(",", " ").split(), messages=messages)
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
        return "sealed" in secret and self.is_newest(secret["sealed"])

    def close_text(self, text: str) -> str:
        """Return a text encrypted by the newest key."""
        return self._all.encrypt(text.encode()).decode()

    def open_text(self, token: str) -> str:
        """Return an encrypted text; raise ``InputError`` if none of the keys opens it."""
        try:
            return self._all.decrypt(token).decode()
        except InvalidToken:
            raise InputError(
                f"messages are encrypted by a key that {SETTING} does not hold; add it at its end"
            ) from None

    def is_newest(self, token: str) -> bool:
        """Say whether the newest key opens a token."""
        if self._newest is None:
            return False
        try:
            self._newest.decrypt(token)
        except InvalidToken:
            return False
        return True
