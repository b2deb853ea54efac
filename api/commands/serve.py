"""``recupera serve``."""

from __future__ import annotations

import errno
import gc
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from api.access.nearby import is_loopback
from classifier.errors import InputError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from api.settings import Settings

_FIRST_REQUEST = """\
Recupera is at {url}   (the console; interactive reference: {url}/docs)
Try it:
  curl -s {url}/v1/classify -H 'Content-Type: application/json' \\{key}
    -d '{{"messages": [{{"id": "1", "text": "Me cobraron dos veces y nadie me devuelve el dinero."}}]}}'
"""

_WITH_KEY = """
    -H "Authorization: Bearer $KEY" \\"""
_HERE = ("127.0.0.1", "::1")
_MAKE_ONE = "recupera keys create --name first --scope admin"


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; default 8000, 0 for any free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; default RECUPERA_MODEL, then ours.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve the console and the HTTP interface: messages in, cases, figures.

    On 127.0.0.1 it is open to this machine until the first key or account is made. On any other address nobody is
    answered without one: make the first by recupera keys create, also while the service runs.

    Example: recupera serve --port 9000
    """
    from api.settings import read_settings

    _serve(read_settings({"host": host, "port": port, "data": data, "model": model, "log_level": log_level}))


def _serve(settings: Settings) -> None:
    """Check what can be checked before, then listen until told to stop."""
    from api.observability import configure_logging
    from classifier.artifact import Artifact, find_model

    configure_logging(settings.log_level)
    Artifact.load(find_model(settings.model))  # a wrong model is an error now, not a service that is never ready
    listener = _listen(settings.host, settings.port)
    url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
    with _nothing_collected():
        from api.loading import begin_loading

        loading = begin_loading(settings)  # the network is compiled while the rest is imported
        from api.main import create_app

        def make(loaded: Callable[[Exception | None], None]) -> FastAPI:
            return create_app(settings, classifier=loading, loaded=loaded, worker=settings.worker.inside)

        failure = _run(make, listener, url, settings)
    if failure is not None:
        raise InputError(f"the service can't start: {failure}")


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep Python from looking for garbage until ``_collect``: what a service makes while it starts, it keeps."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _collect() -> None:
    """Look for garbage from now on, but not again in what is there already: that would hold up answers."""
    gc.freeze()
    gc.enable()


def _run(
    make: Callable[[Callable[[Exception | None], None]], FastAPI], listener: socket.socket, url: str, settings: Settings
) -> Exception | None:
    """Serve until told to stop; return why the service could not start, if it could not."""
    import uvicorn

    host = settings.host
    failure: Exception | None = None

    def loaded(error: Exception | None) -> None:
        nonlocal failure
        failure = error
        _collect()
        if error is None:
            claimed = app.state.keyring.claimed
            typer.echo(_who_may(host, claimed=claimed), err=True)
            asked = claimed or not is_loopback(host)
            typer.echo(_FIRST_REQUEST.format(url=url, key=_WITH_KEY if asked else ""), err=True)
        else:
            server.should_exit = True

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            if app.state.live is not None:
                app.state.live.dismiss()

    app = make(loaded)
    server = Server(server_config(app, settings.access.proxies))
    server.run(sockets=[listener])
    return failure


def server_config(app: ASGIApp, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """Return how an application is served; ``proxies``, and those on this machine, are believed whom they speak for."""
    import uvicorn

    from api.connections import LimitedProtocol
    from api.limits import MAX_HEADER_BYTES

    return uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws="none",
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=30,
        forwarded_allow_ips=[*_HERE, *proxies] if proxies else None,
    )


def _listen(host: str, port: int) -> socket.socket:
    """Take the port, or say plainly that it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then does asyncio send the end of an answer without waiting for the caller's receipt (40 ms).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"port {port} of {host} is taken by another program: choose another --port") from None
        raise InputError(f"can't listen on {host}:{port}: {error.strerror}") from None
    return listener


def _who_may(host: str, *, claimed: bool) -> str:
    """Return a line that says whom the service answers."""
    if claimed:
        return "keys are asked for: recupera keys list"
    if is_loopback(host):
        return f"open: whatever runs on this machine may do everything, until a key is made: {_MAKE_ONE}"
    return (
        f"warning: {host} can be reached from other machines, and no key was made yet, so nobody is answered.\n"
        f"Make the first with the same settings, while this runs: {_MAKE_ONE} --scope classify"
    )


def _shown(host: str) -> str:
    """Return an address that can be typed into a browser."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - only shown
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
