"""How often the workflows look for what there is to do. Tests hurry; an operator has no need to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

__all__ = ["Pace", "Rhythm"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, in seconds, DBOS looks for work (``queue``), and on SQLite for signals (``signals``).

    ``wait``: for how long a workflow waits at most. ``threads``: how many DBOS may use. ``grace``: how long a stop
    waits for looks that are on their way.
    """

    queue: float = 0.5
    signals: float = 5.0
    wait: float = 86_400.0
    threads: int = 16
    grace: float = 5.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds between looks: at the outbox, at overdue cases, at this lock, at the locks of others, while standing by.

    ``grace``: how long a case may be overdue before it is seen to. ``keep``: how long a workflow that ended is kept.
    """

    relay: float = 0.25
    sweep: float = 30.0
    watch: float = 5.0
    take_over: float = 15.0
    stand_by: float = 1.0
    forget: float = 600.0
    grace: timedelta = field(default=timedelta(seconds=60))
    keep: timedelta = field(default=timedelta(days=30))
