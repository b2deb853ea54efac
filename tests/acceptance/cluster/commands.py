"""``recupera serve`` and ``recupera worker`` as an operator starts them, on the shipped model."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from tests.acceptance.crashes.processes import Orders, Place

__all__ = ["Command", "Commands"]

_RECUPERA = (sys.executable, "-c", "from classifier.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Command:
    """A command that runs, with the verbs of ``multiprocessing``."""

    running: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.running.pid

    def is_alive(self) -> bool:
        return self.running.poll() is None

    def kill(self) -> None:
        self.running.kill()

    def join(self) -> None:
        self.running.wait()


class Commands(Place):
    """Starts the commands of the command line, nothing of theirs changed."""

    __slots__ = ()

    def start(self, orders: Orders) -> Command:  # type: ignore[override]
        """Start a command; its log begins anew."""
        words = ["serve", "--port", str(orders.port)]
        if orders.role == "work":
            words = ["worker", "--executor-id", orders.executor]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RECUPERA_")}
        with (self.folder / f"{orders.executor}.log").open("wb") as log:
            started = subprocess.Popen(
                [*_RECUPERA, *words], cwd=self.folder, env={**kept, **self.settings}, stdout=log, stderr=log
            )
        return Command(started)
