"""``recupera serve``."""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.settings import Settings

_FIRST_REQUEST = """\
Recupera is at {url}   (interactive reference: {url}/docs)
Try it:
  curl -s {url}/v1/classify -H 'Content-Type: application/json' \\
    -d '{{"messages": [{{"id": "1", "text": "Me cobraron dos veces y nadie me devuelve el dinero."}}]}}'
"""


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; default 8000, 0 for any free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; default RECUPERA_MODEL, then ours.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve classifications over HTTP.

    Example: recupera serve --port 9000
    """
    from pydantic import ValidationError

    from api.settings import Settings

    given: dict[str, Any] = {"host": host, "port": port, "data": data, "model": model, "log_level": log_level}
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InputError(f"settings: {faults}") from None
    _serve(settings)


def _serve(settings: Settings) -> None:
    """Check what can be checked before, then listen until told to stop."""
    import uvicorn

    from api.main import create_app
    from classifier.artifact import Artifact, find_model

    Artifact.load(find_model(settings.model))  # a wrong model is an error now, not a service that is never ready
    listener = _listen(settings.host, settings.port)
    url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
    if not _is_loopback(settings.host):
        typer.echo(f"warning: {settings.host} can be reached from other machines, and no key is asked for", err=True)
    typer.echo(_FIRST_REQUEST.format(url=url), err=True)
    config = uvicorn.Config(create_app(settings), log_level=settings.log_level, timeout_graceful_shutdown=30)
    uvicorn.Server(config).run(sockets=[listener])
    sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port, or say plainly that it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(f"can't listen on {host}:{port}: {error.strerror}; try another --port") from None
    return listener


def _shown(host: str) -> str:
    """Return an address that can be typed into a browser."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - only shown
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    """Say whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
