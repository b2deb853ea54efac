"""How a sign-in by an OpenID provider begins and ends, apart from the libraries that speak with one."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from api.access.scopes import Role

__all__ = ["Begun", "Person", "ProviderError"]


class ProviderError(Exception):
    """Nobody was signed in; ``reason`` is ``unreachable``, ``refused``, ``unbelievable`` or ``no_role``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Begun:
    """What a sign-in that was begun has to remember, and the page that was asked for."""

    state: str
    nonce: str
    verifier: str
    back: str

    def packed(self) -> str:
        """Return it as a cookie's value."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def unpacked(cls, value: str) -> Begun:
        """Read a cookie's value; raise ``ProviderError`` if it is none of ours."""
        try:
            return cls(**{name: str(part) for name, part in json.loads(base64.urlsafe_b64decode(value)).items()})
        except (ValueError, TypeError, AttributeError, binascii.Error):
            raise ProviderError("refused") from None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom the provider vouches."""

    subject: str
    username: str
    name: str
    role: Role
