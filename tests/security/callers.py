"""Who calls the service: nobody, a key of each scope, a person of each role; and what the table lets each do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.access.scopes import SCOPES_OF, Role, Scope
from api.access.table import Anyone, Rule

__all__ = ["CALLERS", "NOBODY", "PEOPLE", "Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with a key that has these scopes, or a person of a role who has signed in."""

    name: str
    scopes: frozenset[Scope]
    role: Role | None = None

    def may(self, rule: Rule) -> bool:
        """Say whether the table lets this caller, on this machine, have what a route gives."""
        if rule.needs is Anyone.PUBLIC or rule.here:
            return True
        if self.role is not None and rule.people is not None:
            return self.role in rule.people
        return self is not NOBODY if rule.needs is Anyone.KNOWN else rule.needs in self.scopes


NOBODY: Final = Caller("nobody", frozenset())
KEYS: Final = tuple(Caller(f"key {scope}", frozenset({scope})) for scope in Scope)
PEOPLE: Final = tuple(Caller(f"role {role}", SCOPES_OF[role], role) for role in Role)
CALLERS: Final = (NOBODY, *KEYS, *PEOPLE)
