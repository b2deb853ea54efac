"""The real service in a process of its own, with nothing of the settings and the data of whoever runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from classifier.errors import InputError

__all__ = ["serving"]

_RUN: Final = "from classifier.cli import main; main()"
_READY: Final = re.compile(r"Recupera is at (\S+)")
_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 15.0


@contextmanager
def serving(folder: Path, port: int, model: Path | None) -> Iterator[str]:
    """Start ``recupera serve`` in ``folder`` and yield its address once it is ready; stop it at the end.

    Raise ``InputError`` with what the service said if it can't start.
    """
    command = [sys.executable, "-c", _RUN, "serve", "--host", "127.0.0.1", "--port", str(port), "--data", "data"]
    given = model or (Path(os.environ["RECUPERA_MODEL"]) if os.environ.get("RECUPERA_MODEL") else None)
    command += ["--model", str(given.resolve())] if given else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECUPERA_")}
    environment["RECUPERA_DELIVERY_ALLOW"] = "127.0.0.1"
    said = folder / "service.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)  # noqa: S603
    try:
        yield _address(process, said)
    finally:
        _stop(process)


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    """Wait until the service says where it is."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        ended = process.poll() is not None
        text = said.read_text(encoding="utf-8", errors="replace")
        if ready := _READY.search(text):
            return ready[1]
        if ended:
            raise InputError(f"the service of the demo can't start: {_reason(text)}")
        time.sleep(0.05)
    raise InputError(f"the service of the demo was not ready after {_START_SECONDS:.0f} s")


def _reason(text: str) -> str:
    """Return the last line that says what is wrong."""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines or ["it said nothing"])[-1]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
