"""The moments at which a process can end as by a power failure: before or after a function of the product.

The product knows nothing of them: a process of the test wraps the function in its own memory before it starts.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

__all__ = ["POINTS", "TABLES_MADE", "TAKEN_OVER", "Point", "Role", "arm"]


class Role(StrEnum):
    """Which process passes a point."""

    SERVICE = "service"  # takes messages and delivers
    WORKER = "worker"  # sees cases through; on SQLite within the service


@dataclass(frozen=True, slots=True)
class Point:
    """``before`` or after the function ``where`` (``module:name.of.attributes``), if ``counts`` its result."""

    name: str
    role: Role
    where: str
    before: bool = False
    counts: Callable[[Any], Any] = lambda _: True


POINTS = (
    Point("classified, not stored", Role.SERVICE, "api.intake:Intake._store_once", before=True),
    Point("stored, not kept", Role.SERVICE, "api.intake:Intake._store_once", counts=lambda got: got.new),
    Point("kept, not answered", Role.SERVICE, "api.intake:Intake.accept", counts=lambda got: got.new),
    Point("came again, not answered", Role.SERVICE, "api.intake:Intake.accept", counts=lambda got: not got.new),
    Point("closed, not kept", Role.SERVICE, "api.routes.cases:close"),
    Point("deliveries made, not kept", Role.SERVICE, "api.store.deliveries:fan_out", counts=bool),
    Point("claimed, not kept", Role.SERVICE, "api.delivery.dispatcher:Dispatcher._claim", counts=bool),
    Point("claimed, not sent", Role.SERVICE, "api.delivery.dispatcher:Dispatcher._send", before=True),
    Point("sent, not recorded", Role.SERVICE, "api.delivery.dispatcher:Dispatcher._send", counts=lambda got: got.ok),
    Point("recorded, not kept", Role.SERVICE, "api.delivery.dispatcher:Dispatcher._settle_finished", counts=bool),
    Point("a turn of deliveries kept", Role.SERVICE, "api.delivery.dispatcher:Dispatcher.turn", counts=bool),
    Point("read from the outbox, not told", Role.WORKER, "api.workflow.engine:Engine.tell", before=True),
    Point("workflow begun, others not", Role.WORKER, "api.workflow.engine:_start"),
    Point("workflows told, outbox not finished", Role.WORKER, "api.workflow.engine:Engine.tell"),
    Point("outbox finished, not kept", Role.WORKER, "api.workflow.relay:Relay._finish"),
    Point("in the middle of what is due", Role.WORKER, "api.workflow.turn:told_of"),
    Point("in the middle of an escalation", Role.WORKER, "api.workflow.turn:_escalate"),
    Point("looked at a case, not kept", Role.WORKER, "api.workflow.turn:_look"),
    Point("kept, the workflow does not know", Role.WORKER, "api.workflow.engine:look"),
    Point("closed, follow-up not begun", Role.WORKER, "api.workflow.engine:look", counts=lambda got: got.follow_up_at),
    Point("followed up, not kept", Role.WORKER, "api.workflow.follow_up:_follow_up", counts=bool),
    Point("followed up, the workflow does not know", Role.WORKER, "api.workflow.engine:follow_up", counts=bool),
)
TABLES_MADE = Point("tables made, not kept", Role.SERVICE, "api.store.database:upgrade")
"""Only at the first start."""
TAKEN_OVER = Point("taken over, the dead not forgotten", Role.WORKER, "api.workflow.engine:Engine.take_over")
"""Only where there are several workers."""


def arm(name: str, passes: int) -> None:
    """Have this process end when it passes the point called ``name`` for the ``passes``-th time."""
    point = next(point for point in (*POINTS, TABLES_MADE, TAKEN_OVER) if point.name == name)
    module, _, path = point.where.partition(":")
    *parents, last = path.split(".")
    holder = functools.reduce(getattr, parents, import_module(module))
    setattr(holder, last, _wrapped(getattr(holder, last), point, passes))


def _wrapped(whole: Callable[..., Any], point: Point, passes: int) -> Callable[..., Any]:
    left = passes

    def strike() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if asyncio.iscoroutinefunction(whole):

        @functools.wraps(whole)
        async def later(*args: Any, **more: Any) -> Any:
            if point.before:
                strike()
            got = await whole(*args, **more)
            if not point.before and point.counts(got):
                strike()
            return got

        return later

    @functools.wraps(whole)
    def at_once(*args: Any, **more: Any) -> Any:
        if point.before:
            strike()
        got = whole(*args, **more)
        if not point.before and point.counts(got):
            strike()
        return got

    return at_once
