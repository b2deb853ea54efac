"""How often the workflows look for what there is to do. Tests hurry; an operator has no need to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

__all__ = ["CALM_PACE", "CALM_RHYTHM", "Pace", "Rhythm"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, in seconds, DBOS looks for work (``queue``), and on SQLite for signals (``signals``).

    ``wait``: for how long a workflow waits at most. ``threads``: how many DBOS may use. ``grace``: how long a stop
    waits for looks that are on their way. ``starts_a_second``: how many workflows start or go on in a second at most.
    """

    queue: float = 0.5
    signals: float = 60.0
    starts_a_second: int | None = None
    wait: float = 86_400.0
    threads: int = 16
    grace: float = 5.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds between looks: at the outbox, at overdue cases, at this lock, at the locks of others, while standing by.

    ``at_once``: how many changes a look at the outbox takes; ``hurry``: whether the next look follows at once while
    there are more. ``grace``: how long a case may be overdue before it is seen to. ``keep``: how long a workflow that
    ended is kept.
    """

    at_once: int = 50
    hurry: bool = True
    relay: float = 0.25
    sweep: float = 30.0
    watch: float = 5.0
    take_over: float = 15.0
    stand_by: float = 1.0
    forget: float = 600.0
    grace: timedelta = field(default=timedelta(seconds=60))
    keep: timedelta = field(default=timedelta(days=30))


CALM_PACE: Final = Pace(starts_a_second=20)
CALM_RHYTHM: Final = Rhythm(at_once=5, hurry=False)
"""In the process of the service messages come first: a burst of 10,000 complaints has its workflows minutes later, and
the first thing they have to do is mostly hours away."""
