"""Workers in processes of their own, to be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.api.workflow.conftest import until

COMMAND = "import typer; from api.commands.worker import worker; typer.run(worker)"
ROOT = Path(__file__).parents[3]


@contextmanager
def process(database: str, folder: Path, executor_id: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``recupera worker``, and kill it in the end."""
    environment = {**os.environ, "RECUPERA_DATABASE": database, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", COMMAND, "--executor-id", executor_id]
    with (folder / f"{executor_id}.log").open("a+") as log:
        running = subprocess.Popen(command, env=environment, cwd=folder, stderr=log, text=True)
        try:
            yield running
        finally:
            kill(running)


def kill(running: subprocess.Popen[str]) -> None:
    """Kill it at once, as a power failure would."""
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGKILL)
    running.wait()


def said(folder: Path, executor_id: str) -> str:
    """Return what a worker wrote to standard error."""
    return (folder / f"{executor_id}.log").read_text()


async def at_work(folder: Path, executor_id: str, times: int = 1) -> None:
    """Wait until it runs workflows, for the ``times``-th time."""
    await until(lambda: said(folder, executor_id).count("workflows run as executor") >= times, 180)
    await asyncio.sleep(0)
