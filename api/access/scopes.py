"""What a caller may do, and what each role of a person may."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["EVERY_SCOPE", "SCOPES_OF", "SEES_PERSONAL", "Role", "Scope"]


class Scope(StrEnum):
    """One kind of thing that a caller may do; none includes another."""

    CLASSIFY = "classify"
    """Have texts labelled; nothing is stored."""
    INGEST = "ingest"
    """Hand in messages, and be told what became of each."""
    READ = "read"
    """Read messages, cases, figures and exports."""
    WRITE = "write"
    """Correct labels, complete steps, close cases, replay deliveries."""
    ADMIN = "admin"
    """Manage keys, accounts and destinations, and read the trail."""


class Role(StrEnum):
    """What a person is to the service."""

    AGENT = "agent"
    """Answers customers: sees cases and messages, completes steps, corrects labels."""
    MANAGER = "manager"
    """An agent who also answers for the figures."""
    ENGINEER = "engineer"
    """Connects systems and watches them: hands in messages and reads, but decides no case."""
    ADMIN = "admin"
    """May do everything."""


EVERY_SCOPE: Final = frozenset(Scope)
SCOPES_OF: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        Role.AGENT: frozenset({Scope.READ, Scope.WRITE}),
        Role.MANAGER: frozenset({Scope.CLASSIFY, Scope.READ, Scope.WRITE}),
        Role.ENGINEER: frozenset({Scope.CLASSIFY, Scope.INGEST, Scope.READ}),
        Role.ADMIN: EVERY_SCOPE,
    }
)
SEES_PERSONAL: Final = frozenset({Role.AGENT, Role.ADMIN})
"""Who is shown what identifies a customer; on the screens of others it is masked."""
