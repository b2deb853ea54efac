"""A service that answers at an address of its own, in a thread of this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

__all__ = ["serving"]

_SECONDS = 60


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Run an application; yield its address, as in ``http://127.0.0.1:40123``, once it is ready."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            _wait(client)
        yield url
    finally:
        server.should_exit = True
        thread.join(15)


def _wait(client: httpx.Client) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the service was not ready after {_SECONDS} seconds")
