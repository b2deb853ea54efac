"""Which servers there are, how each is started, and how it is asked about one text."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.load import free_port, without_ours

__all__ = ["Running", "Server", "run", "servers"]

_HERE: Final = Path(__file__).parent
_START_SECONDS: Final = 180


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
        lambda port: [sys.executable, "-c", "from classifier.cli import main; main()", "serve", "--port", str(port)],
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
    with (home / "log").open("w") as log:
        began = time.perf_counter()
        started = subprocess.Popen(
            server.command(port),
            cwd=home,
            env={**without_ours(os.environ), **offline},
            stdout=log,
            stderr=log,
            start_new_session=True,  # ended together with its children
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}{server.ready}", started, home / "log")
            yield Running(server, url, started.pid, time.perf_counter() - began)
        finally:
            _end(started)


def _end(started: subprocess.Popen[bytes]) -> None:
    """Ask a server and all it started to end, and see to it that they do."""
    for told, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, told)
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(seconds)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers 200."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-1500:]}")
