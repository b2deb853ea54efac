"""Services in processes of their own: started, waited for, and ended with all that they started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

__all__ = ["RECUPERA", "free_port", "running", "without_ours"]

RECUPERA: Final = (sys.executable, "-c", "from classifier.cli import main; main()")
"""The command line, by the Python that runs the benchmark."""
_START_SECONDS: Final = 180
_END_SECONDS: Final = 60
"""A service may finish what it has begun."""


@contextlib.contextmanager
def running(
    command: Sequence[str], until: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a folder, its log there too, and yield its process once the address ``until`` answers 200.

    Raises:
        RuntimeError: It died or never was ready; with the end of its log.
    """
    log = folder / "log"  # a pipe that nobody empties would hold a service up after some hundred lines
    with log.open("w") as told:
        started = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=told,
            stderr=told,
            start_new_session=True,  # ended together with its children
        )
    try:
        _wait_for(until, started, log)
        yield started
    finally:
        _end(started)


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings of ours."""
    return {name: value for name, value in environment.items() if not name.startswith("RECUPERA_")}


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the service did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _end(started: subprocess.Popen[bytes]) -> None:
    """Ask a service and all it started to end, and see to it that they do."""
    for told in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, told)
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(_END_SECONDS)
