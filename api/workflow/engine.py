"""The durable workflows, on DBOS: one a case, waiting for what is due or for a signal, and one a follow-up.

Nothing of a case is kept in a workflow but its name: each look reads the case and does what is due, so that a step
done twice does nothing twice, and a workflow that is lost can be begun again. DBOS is one engine a process, hence the
one ``_present`` engine here. The library runs its coroutines on a loop in a thread of its own; looks run on the loop
of the service, whose database connections belong to it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from api.observability import traced
from api.store.database import Store, UnavailableError
from api.store.workflows import SCHEMA, WorkflowDatabase, close_workflow_database
from api.workflow.agenda import workflow_id
from api.workflow.clock import Clock
from api.workflow.follow_up import follow_up
from api.workflow.pace import Pace
from api.workflow.turn import look
from api.workflow.version import WORKFLOW_VERSION

__all__ = ["Engine", "Signal"]

QUEUE: Final = "cases"
_TOPIC: Final = "case"
_STOPPED: Final = ("CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_LONGEST_PAUSE: Final = 600.0
_CLAIM_SECONDS: Final = 1.0
_AT_ONCE: Final = 500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signal:
    """Something happened to an opening of a case that began under ``version``.

    ``key`` tells the same signal from another.
    """

    case_id: str
    opening: int
    change: str
    key: str
    version: str = WORKFLOW_VERSION

    @property
    def workflow_id(self) -> str:
        """Name of the workflow that is told."""
        return workflow_id(self.case_id, self.opening)


class Engine:
    """Runs DBOS in this process for one executor; what it does with the database blocks, so call it in a thread."""

    def __init__(
        self, database: Callable[[], WorkflowDatabase], store: Store, executor_id: str, *, clock: Clock, pace: Pace
    ) -> None:
        self._database = database
        self._store = store
        self._executor_id = executor_id
        self._loop = asyncio.get_running_loop()
        self._tables: WorkflowDatabase | None = None
        self._library: DBOS | None = None
        self._stopping = False
        self._looks = 0
        self.clock = clock
        self.pace = pace

    def launch(self) -> None:
        """Begin, with what this executor left unfinished."""
        global _present
        self._stopping = False
        self._tables = self._database()
        _quieten()
        config = DBOSConfig(
            name="recupera",
            application_version=WORKFLOW_VERSION,
            executor_id=self._executor_id,
            system_database_url=self._tables.url.render_as_string(hide_password=True),
            system_database_engine=self._tables,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            max_executor_threads=self.pace.threads,
            notification_listener_polling_interval_sec=self.pace.signals,
            log_level="WARNING",
        )
        _present = self
        self._library = DBOS(config=config)
        DBOS.launch()
        most = self.pace.starts_a_second
        DBOS.register_queue(
            QUEUE,
            limiter=None if most is None else {"limit": most, "period": 1.0},
            polling_interval_sec=self.pace.queue,
            on_conflict="always_update",
        )

    def shut_down(self) -> None:
        """Stop; workflows that wait are left as they are, for whoever comes next."""
        global _present
        self._claim_no_more()
        self._let_it_sleep()
        DBOS.destroy()
        _present = self._library = None
        if self._tables is not None:
            close_workflow_database(self._tables)

    def _claim_no_more(self) -> None:
        """End the threads that claim workflows while there is a loop to run what they claimed last.

        The library ends them after the loop: what was claimed in between would wait for the next start, and leave an
        error in the log. A thread that waits for a database that is gone is not waited for.
        """
        if self._library is None:
            return
        for told in self._library.background_thread_stop_events:
            told.set()
        until = time.monotonic() + _CLAIM_SECONDS
        for thread in threading.enumerate():
            if thread.name.startswith("queue-worker-"):
                thread.join(max(0.0, until - time.monotonic()))

    def _let_it_sleep(self) -> None:
        """On SQLite, have the library not wait for its thread that looks for signals.

        It sleeps for up to ``Pace.signals`` and ends when it wakes; the library would wait 10 s for it, in vain, and
        has no public way not to.
        """
        if self._tables is None or self._tables.dialect.name != "sqlite":
            return
        with suppress(AttributeError):
            threads = self._library._background_threads  # type: ignore[union-attr]
            threads[:] = [thread for thread in threads if "run_notification_listener" not in thread.name]

    async def drain(self) -> None:
        """Begin no look any more, and wait a little for those on their way."""
        self._stopping = True
        logging.getLogger("dbos").setLevel(logging.ERROR)  # else a warning for each workflow that waits
        until = self._loop.time() + self.pace.grace
        while self._looks and self._loop.time() < until:
            await asyncio.sleep(0.01)

    def tell(self, signals: Iterable[Signal]) -> None:
        """Start the workflows of cases, and wake those that run. The same signal twice is one."""
        for signal in signals:
            if signal.change == "start":
                _start(signal)
                continue
            try:
                DBOS.send(signal.workflow_id, {"change": signal.change}, _TOPIC, idempotency_key=signal.key)
                self._nudge(signal.workflow_id)
            except dbos_error.DBOSNonExistentWorkflowError:
                _start(signal)  # its first look sees the change

    def _nudge(self, name: str) -> None:
        """Wake a workflow that waits in this process: on SQLite the library looks for signals only now and then.

        It has no public call for that; without this one the workflow wakes up to a minute later.
        """
        with suppress(AttributeError):
            waiting = self._library._sys_db.notifications_map.get(f"{name}::{_TOPIC}")  # type: ignore[union-attr]
            if waiting is not None:
                waiting.set()

    def rouse(self, overdue: Iterable[tuple[Signal, bool]]) -> None:
        """See to cases that nobody looked at in time: by the case's own workflow, or (``False``) by its follow-up."""
        for signal, is_own in overdue:
            name = signal.workflow_id if is_own else _follow_up_id(signal.case_id, signal.opening)
            status = DBOS.get_workflow_status(name)
            if status is None:
                (_start if is_own else _start_follow_up)(signal)
            elif status.status in _STOPPED:
                DBOS.resume_workflow(name, queue_name=QUEUE)
            elif status.status == "DELAYED":
                DBOS.set_workflow_delay(name, delay_seconds=0)
            elif is_own:
                self.tell([signal])

    def take_over(self, executor_id: str) -> int:
        """Have the workflows of an executor that is certainly dead run again, anywhere; return how many."""
        taken = 0
        while names := _pending(executor_id):
            DBOS.resume_workflows(names, queue_name=QUEUE)
            taken += len(names)
        return taken

    def forget(self, before: datetime) -> int:
        """Forget some of the workflows that ended before a moment; return how many."""
        ended = DBOS.list_workflows(
            status="SUCCESS", completed_before=before.isoformat(), load_input=False, load_output=False, limit=_AT_ONCE
        )
        if ended:
            DBOS.delete_workflows([status.workflow_id for status in ended])
        return len(ended)

    async def at_home(self, work: Callable[[Store, datetime], Awaitable[Any]]) -> Any:
        """Do ``work`` on the loop of the service; what fails is tried again until it works, or the process stops."""
        future = asyncio.run_coroutine_threadsafe(self._insist(work), self._loop)
        return await asyncio.wrap_future(future)

    async def _insist(self, work: Callable[[Store, datetime], Awaitable[Any]]) -> Any:
        """Do ``work``, with longer and longer pauses between failures."""
        pause = 1.0
        while True:
            if self._stopping:
                raise asyncio.CancelledError
            self._looks += 1
            try:
                return await work(self._store, self.clock.now())
            except UnavailableError as error:
                log.warning("a case waits: %s", error)
            except Exception as error:
                log.error("a case waits: %s", traced(error))  # noqa: TRY400, RUF100 - a message may quote a text
            finally:
                self._looks -= 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def wait_for(self, moment: str | None) -> float:
        """Return for how many seconds to wait for a moment, or at all."""
        if moment is None:
            return self.pace.wait
        return min(self.pace.wait, self.clock.seconds_until(datetime.fromisoformat(moment)))


_present: Engine | None = None


def _engine() -> Engine:
    """Return the engine of this process; workflows run only while there is one."""
    if _present is None:
        raise asyncio.CancelledError
    return _present


@DBOS.workflow(name="case", max_recovery_attempts=None)
async def _see_through(case_id: str, opening: int) -> str:
    """Look at a case, wait until something is due or somebody tells that it changed, and so on until it ends."""
    while True:
        found: Mapping[str, Any] = await DBOS.run_step_async({"name": "look"}, _look, case_id, opening)
        if not found["open"]:
            break
        # The wait is worked out here, not in the step: a step done before a crash would remember how long it was then.
        await DBOS.recv_async(_TOPIC, timeout_seconds=_engine().wait_for(found["next_at"]))
    if found["follow_up_at"] is None:
        return "ended"
    delay = _engine().clock.seconds_until(datetime.fromisoformat(found["follow_up_at"]))
    with SetWorkflowID(_follow_up_id(case_id, opening)), SetEnqueueOptions(delay_seconds=delay):
        await DBOS.enqueue_workflow_async(QUEUE, _check_again, case_id, opening)
    return "followed"


@DBOS.workflow(name="follow-up", max_recovery_attempts=None)
async def _check_again(case_id: str, opening: int) -> bool:
    """Have somebody check again; a workflow of its own, so that nothing waits in memory until then."""
    return bool(await DBOS.run_step_async({"name": "follow_up"}, _follow_up, case_id, opening))


async def _look(case_id: str, opening: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (
        await _engine().at_home(lambda store, now: look(store, case_id, opening, now))
    ).to_dict()
    return found


async def _follow_up(case_id: str, opening: int) -> bool:
    return bool(await _engine().at_home(lambda store, now: follow_up(store, case_id, opening, now)))


def _follow_up_id(case_id: str, opening: int) -> str:
    return f"{workflow_id(case_id, opening)}:follow-up"


def _start(signal: Signal) -> None:
    """Start the workflow of a case, unless it was started before; workers of its version run it."""
    with SetWorkflowID(signal.workflow_id), SetEnqueueOptions(app_version=signal.version):
        DBOS.enqueue_workflow(QUEUE, _see_through, signal.case_id, signal.opening)


def _start_follow_up(signal: Signal) -> None:
    """Start the follow-up of a case at once, unless it was started before."""
    name = _follow_up_id(signal.case_id, signal.opening)
    with SetWorkflowID(name), SetEnqueueOptions(app_version=signal.version):
        DBOS.enqueue_workflow(QUEUE, _check_again, signal.case_id, signal.opening)


def _pending(executor_id: str) -> list[str]:
    """Return some of the workflows that an executor was at."""
    found = DBOS.list_workflows(
        status="PENDING", executor_id=executor_id, load_input=False, load_output=False, limit=_AT_ONCE
    )
    return [status.workflow_id for status in found]


def _quieten() -> None:
    """Let DBOS speak as all else here does, and only of what is wrong."""
    dbos = logging.getLogger("dbos")
    if not dbos.handlers:
        dbos.addHandler(logging.NullHandler())  # else it would make one of its own, and not propagate
    dbos.setLevel(logging.WARNING)
