"""The service as a process that can be starved, stopped and killed; forked ready, so that a start takes moments."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from classifier import Classification
from tests.acceptance.crashes import processes
from tests.acceptance.crashes.processes import Orders, Place
from tests.acceptance.crashes.siege import free_port
from tests.api.conftest import Marked

__all__ = ["Odd", "place", "running"]

_ROOM = 3 * 1024**3
_TOO_MUCH = 16 * 1024**3


class Odd(Marked):
    """Takes its time over ``despacio``, and more memory than there is over ``memoria``."""

    def _one(self, text: str, name: str) -> Classification:
        if "memoria" in text:
            bytearray(_TOO_MUCH)
        if "despacio" in text:
            Path("slow").touch()  # in the folder of the place, which is this process's
            time.sleep(1.5)
        return super()._one(text, name)


def place(folder: Path) -> Place:
    """Return where the service runs, on a SQLite database."""
    processes.prepare()
    settings = {"RECUPERA_DATABASE": f"sqlite:///{folder}/recupera.db", "OMP_NUM_THREADS": "1"}
    return Place(folder, settings)


@contextmanager
def running(where: Place, name: str) -> Iterator[tuple[BaseProcess, str]]:
    """Start the service, lend it with its address once it is ready, and kill it in the end if it still runs."""
    port = free_port()
    process = processes._context.Process(target=_serve, args=(where, Orders("serve", name, port)), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 600
        while not _is_ready(url):
            assert time.monotonic() < until, where.log(name)[-2000:]
            assert process.is_alive(), where.log(name)[-2000:]
            time.sleep(0.05)
        yield process, url
    finally:
        process.kill()
        process.join()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _serve(where: Place, orders: Orders) -> None:
    """Serve as ``recupera serve`` does, with a little more memory than it has already."""
    processes._enter(where, where.folder / f"{orders.executor}.log", "w")
    processes._end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (_in_use() + _ROOM, resource.RLIM_INFINITY))
    from api.commands.serve import _listen, _run
    from api.main import create_app
    from api.observability import configure_logging
    from api.settings import read_settings

    settings = read_settings({"port": orders.port})
    configure_logging(settings.log_level)
    model: Any = Odd()
    _run(
        lambda loaded: create_app(settings, classifier=model, loaded=loaded, worker=True),
        _listen(settings.host, settings.port), f"http://127.0.0.1:{orders.port}", settings,
    )  # fmt: skip


def _in_use() -> int:
    """Return how much address space this process has."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()
