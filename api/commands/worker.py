"""``recupera worker``."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.settings import Settings

_PATIENCE_SECONDS: Final = 5.0
"""After a crash the database may take a moment to notice that the old process is gone."""
_BEAT_SECONDS: Final = 5.0
log = logging.getLogger(__name__)


def worker(
    *,
    executor_id: Annotated[
        str | None, typer.Option("--executor-id", help="Name of this worker, the same after a restart, its alone.")
    ] = None,
    alive: Annotated[
        Path | None, typer.Option(help="File to touch every five seconds, for who watches whether it works.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """See cases through, apart from the service: deadlines, escalations, due steps, follow-ups.

    On PostgreSQL run as many as you like, each with its own name; what a dead one left is taken over. On SQLite one
    process at a time runs the workflows, so set RECUPERA_WORKER_INSIDE=false for the service.

    Example: recupera worker --executor-id worker-1
    """
    from api.observability import configure_logging
    from api.settings import read_settings

    named = None if executor_id is None else {"executor_id": executor_id}
    settings = read_settings({"data": data, "log_level": log_level, "worker": named})
    configure_logging(settings.log_level)
    asyncio.run(_work(settings, alive))


async def _work(settings: Settings, alive: Path | None = None) -> None:
    """Work until told to stop, then finish what is on its way."""
    from api.store.database import Store
    from api.workflow.worker import Worker

    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    store = await Store.open(settings.database_url, settings.vault)
    try:
        if alive is not None:
            _touch_first(alive)
        here = Worker(store, settings.database_url, settings.worker.executor_id or "worker")
        await here.claim(_PATIENCE_SECONDS)
        here.start()
        typer.echo(f"executor {here.executor_id} sees cases through; stop with Ctrl-C", err=True)
        beating = None if alive is None else asyncio.create_task(_beat(alive))
        await stopping.wait()
        await here.stop()
        if beating is not None:
            beating.cancel()
    finally:
        await store.close()


def _touch_first(file: Path) -> None:
    """Touch a file, or raise ``InputError``: whoever watches it would take this worker for dead."""
    try:
        file.touch()
    except OSError as error:
        raise InputError(f"--alive: can't touch {file}: {error.strerror}") from None


async def _beat(file: Path) -> None:
    """Touch a file again and again, for as long as the loop that sees to the cases turns, whatever becomes of it."""
    while True:
        try:
            file.touch()
        except OSError as error:
            log.warning("can't touch %s, which says that this worker is alive: %s", file, error.strerror)
        await asyncio.sleep(_BEAT_SECONDS)
