"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Depends, Request

from api.access.scopes import EVERY_SCOPE, Role, Scope

__all__ = ["OPEN", "Asking", "Principal", "asking"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A program with a key, a person who signed in, or anybody while the service is open.

    ``id`` is the key's or the account's id and empty while open; ``role`` is that of a person.
    """

    kind: Literal["key", "user", "open"]
    id: str
    name: str
    scopes: frozenset[Scope]
    role: Role | None = None

    def may(self, scope: Scope) -> bool:
        """Say whether the caller has ``scope``."""
        return scope in self.scopes


OPEN: Final = Principal("open", "", "open", EVERY_SCOPE)


async def asking(request: Request) -> Principal:
    """Return who asks, as the guard found; without a guard the service is open."""
    principal: Principal = getattr(request.state, "principal", OPEN)
    return principal


Asking = Annotated[Principal, Depends(asking)]
