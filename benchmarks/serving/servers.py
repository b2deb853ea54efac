"""Which servers there are, how each is started, and how it is asked about one text."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.processes import RECUPERA, free_port, running, without_ours

__all__ = ["Running", "Server", "run", "servers"]

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Server:
    """``command`` begins it on a port; ``path`` takes what ``body`` makes of a text; ``ready`` answers 200."""

    name: str
    command: Callable[[int], Sequence[str]]
    ready: str
    path: str
    body: Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: where, as which process, and the seconds until it was ready."""

    server: Server
    url: str
    pid: int
    seconds: float


def servers(weights: Path, peers: Path | None) -> list[Server]:
    """Return ours and the field's own; these run under ``peers``, the Python of an environment of theirs.

    It is another one because infinity-emb pins old versions.
    """
    ours = Server(
        "recupera serve",
        lambda port: [*RECUPERA, "serve", "--port", str(port)],
        "/readyz",
        "/v1/classify",
        lambda text: {"messages": [{"id": "1", "text": text}], "evidence": False},
    )
    if peers is None:
        return [ours]
    infinity = str(peers.with_name("infinity_emb"))

    def script(name: str) -> Callable[[int], Sequence[str]]:
        return lambda port: [str(peers), str(_HERE / name), str(weights), str(port)]

    options = ["--engine", "torch", "--device", "cpu", "--dtype", "float32", "--no-bettertransformer"]
    names = ["--model-id", str(weights), "--served-model-name", "peer", "--host", "127.0.0.1", "--port"]
    return [
        ours,
        Server("FastAPI + transformers", script("plain.py"), "/health", "/predict", lambda text: {"text": text}),
        Server("LitServe", script("lit.py"), "/health", "/predict", lambda text: {"text": text}),
        Server(
            "infinity-emb classify",
            lambda port: [infinity, "v2", *options, *names, str(port)],
            "/health",
            "/classify",
            lambda text: {"model": "peer", "input": [text], "raw_scores": True},
        ),
    ]


@contextlib.contextmanager
def run(server: Server, folder: Path) -> Iterator[Running]:
    """Start a server and yield it once it is ready; raise ``RuntimeError`` with its last words if it never is."""
    port, home = free_port(), folder / server.name.split()[0]
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1", "RECUPERA_DATA": str(home)}
    url, began = f"http://127.0.0.1:{port}", time.perf_counter()
    environment = {**without_ours(os.environ), **offline}
    with running(server.command(port), f"{url}{server.ready}", home, environment) as process:
        yield Running(server, url, process.pid, time.perf_counter() - began)
