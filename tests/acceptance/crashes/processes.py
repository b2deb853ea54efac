"""The service and its workers as processes that can be killed.

They are forked from a process that has imported all they need and does nothing else: to start one takes moments, and
what it does from then on is what ``recupera serve`` and ``recupera worker`` do.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.acceptance.crashes.points import arm

__all__ = ["Orders", "Place", "prepare"]

_IMPORTED = (
    "api.main",
    "api.workflow.engine",
    "api.delivery.service",
    "api.commands.worker",
    "api.commands.audit",
    "classifier.cli",
    "uvicorn",
    "psycopg",
    "tests.api.conftest",
    "tests.acceptance.crashes.processes",
    "tests.acceptance.crashes.forked",
)
_DAY_SECONDS = 1.0
"""In how many seconds a day of a plan passes."""
_context = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Orders:
    """What a process is to do: ``serve``, or ``work`` as an executor; at which point to die, at which pass of it."""

    role: str
    executor: str
    port: int = 0
    shipped: bool = False
    point: str | None = None
    passes: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where processes run: their folder, which holds their logs, and their settings."""

    folder: Path
    settings: Mapping[str, str]

    def start(self, orders: Orders) -> BaseProcess:
        """Start a process; its log begins anew."""
        process = _context.Process(target=_run, args=(self, orders), daemon=True)
        process.start()
        return process

    def command(self, words: Sequence[str], output: str) -> int:
        """Run a ``recupera`` command to its end; return its exit status. What it prints is in the file ``output``."""
        process = _context.Process(target=_command, args=(self, list(words), output), daemon=True)
        process.start()
        process.join()
        return process.exitcode if process.exitcode is not None else -1

    def log(self, executor: str) -> str:
        """Return what the last process of a name said."""
        path = self.folder / f"{executor}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""


def prepare() -> None:
    """Begin to import what the processes need."""
    _context.set_forkserver_preload(list(_IMPORTED))


def _end_with_parent() -> None:
    """Have no process of a test go on when the test itself was killed."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _enter(place: Place, log: Path, mode: str) -> None:
    """Make this process's folder, environment and standard streams those of the place."""
    os.chdir(place.folder)
    for name in [name for name in os.environ if name.startswith("RECUPERA_")]:
        del os.environ[name]
    os.environ.update(place.settings)
    with log.open(mode) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _run(place: Place, orders: Orders) -> None:
    _enter(place, place.folder / f"{orders.executor}.log", "w")
    _end_with_parent()
    _hasten()
    if orders.point is not None:
        arm(orders.point, orders.passes)
    if orders.role == "work":
        from api.commands.worker import worker

        worker(executor_id=orders.executor, data=None, log_level="info")
        return
    _serve(orders)


def _serve(orders: Orders) -> None:
    import uvicorn

    from api.main import create_app
    from api.observability import configure_logging
    from api.settings import read_settings
    from tests.api.conftest import Marked

    settings = read_settings({"port": orders.port})
    configure_logging(settings.log_level)
    model: Any = None if orders.shipped else Marked()
    app = create_app(settings, classifier=model, planner=_planner(), worker=settings.worker.inside)
    uvicorn.run(app, port=orders.port, log_config=None, access_log=False)


def _command(place: Place, words: list[str], output: str) -> None:
    _enter(place, place.folder / output, "w")
    sys.argv = ["recupera", *words]
    from classifier.cli import main

    main()


def _hasten() -> None:
    """Have a claim of a dead process, and the workflows of a dead executor, wait for seconds only."""
    import api.delivery.service as service
    import api.workflow.worker as worker
    from api.workflow import pace

    timing = service.Timing
    service.Timing = lambda send, **_: timing(send=send, lease=send + timedelta(seconds=4))  # type: ignore[assignment,misc]
    quick = {"take_over": 2.0, "sweep": 5.0, "grace": timedelta(seconds=20)}
    worker.Rhythm = functools.partial(pace.Rhythm, **quick)  # type: ignore[assignment,misc]
    pace.CALM_RHYTHM = replace(pace.CALM_RHYTHM, **quick)  # type: ignore[misc]


def _planner() -> Any:
    """Return the planner of the recovery policy, a day of whose plans passes in a second."""
    from api.cases import Plan, Situation
    from api.planning import PolicyPlanner
    from api.recovery import default_policy

    class Compressed(PolicyPlanner):
        def plan(self, situation: Situation) -> Plan:
            plan = super().plan(situation)
            start = situation.received_at

            def sooner(moment: datetime | None) -> datetime | None:
                return None if moment is None else start + (moment - start) * (_DAY_SECONDS / 86_400)

            def said(content: Mapping[str, Any], *names: str) -> dict[str, Any]:
                moments = {name: sooner(datetime.fromisoformat(content[name])) for name in names}
                return {**content, **{name: moment.isoformat() for name, moment in moments.items() if moment}}

            # Without a span that can be read a follow-up comes as long after the end as was planned.
            deadlines = [{**said(due, "due", "warn_at"), "span": "short"} for due in plan.content["deadlines"]]
            steps = [said(step, "due") for step in plan.content["steps"]]
            return replace(
                plan,
                first_answer_due=sooner(plan.first_answer_due),
                resolution_due=sooner(plan.resolution_due),
                steps=[
                    replace(step, due_at=sooner(step.due_at), content=said(step.content, "due")) for step in plan.steps
                ],
                content={**plan.content, "deadlines": deadlines, "steps": steps},
            )

    return Compressed(default_policy())
