"""Who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Depends, Request

from api.access.scopes import EVERY_SCOPE, SEES_PERSONAL, Role, Scope

__all__ = ["OPEN", "Asking", "Principal", "StillAdmitted", "asking"]

StillAdmitted = Callable[[], Awaitable[bool]]
"""Says whether a caller may still ask: ``request.state.still_admitted``, for answers that take long."""

_LONGEST_NAME: Final = 128
_LONGEST_KEY: Final = 60


@dataclass(frozen=True, slots=True)
class Principal:
    """A program with a key, a person who signed in, who runs a command, or anybody while the service is open.

    ``id`` is the key's or the account's id, of an operator the user of the operating system, and empty while open;
    ``role`` is that of a person who signed in.
    """

    kind: Literal["key", "user", "operator", "open"]
    id: str
    name: str
    scopes: frozenset[Scope]
    role: Role | None = None

    def may(self, scope: Scope) -> bool:
        """Say whether the caller has ``scope``."""
        return scope in self.scopes

    @property
    def sees_personal(self) -> bool:
        """Whether what identifies a customer is shown: not to people whose role does not need it."""
        return self.kind != "user" or self.role in SEES_PERSONAL

    def signs(self, given: str | None) -> str | None:
        """Return the name under what is done, at most 128 characters: ``given`` is what the caller says that it is.

        Of a person who signed in it is theirs whatever they say, and a program speaks for somebody by its key's name.
        """
        if self.kind == "user":
            return self.name[:_LONGEST_NAME]
        if self.kind != "key":
            return given
        key = f"key {self.name[:_LONGEST_KEY]}"
        return f"{given[: _LONGEST_NAME - len(key) - 3]} ({key})" if given else key


OPEN: Final = Principal("open", "", "open", EVERY_SCOPE)


async def asking(request: Request) -> Principal:
    """Return who asks, as the guard found."""
    principal: Principal = request.state.principal
    return principal


Asking = Annotated[Principal, Depends(asking)]
