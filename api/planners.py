"""Which planner plans the new cases of a store.

Corrections come by many ways, some of which know nothing of plans: over HTTP, from the console, by the tags of a help
desk, of a mailbox. Each may show that there is a case to open, in the transaction that keeps it.
"""

from __future__ import annotations

from typing import Final

from api.cases import Planner
from api.store.database import Connection

__all__ = ["planner_of", "use"]

_ATTRIBUTE: Final = "recupera_planner"


def use(connection: Connection, planner: Planner) -> None:
    """Have new cases of a connection's store planned by ``planner``, in this process."""
    setattr(connection.dialect, _ATTRIBUTE, planner)


def planner_of(connection: Connection) -> Planner | None:
    """Return what plans new cases; ``None`` in a process that takes no messages in."""
    planner: Planner | None = getattr(connection.dialect, _ATTRIBUTE, None)
    return planner
