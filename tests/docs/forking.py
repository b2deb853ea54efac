"""``recupera`` without its start: a process that has read the code forks one for each command that a page runs.

What runs is the command's own ``main``, with the words, the folder, the environment and the streams of its caller; a
page of ten commands would else take a quarter of a minute to read the same code ten times.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["ready"]

_READ: Final = (
    "classifier.cli",
    "classifier.inference",
    "api.access.accounts",
    "api.access.keys",
    "api.audit",
    "api.channels.email.runs",
    "api.commands.recorded",
    "api.intake",
    "api.planning",
    "api.store.backup",
    "training.active_learning",
    "training.evaluation",
    "spacy",
)
_CLIENT: Final = """#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(told).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(told)
    status = server.recv(1)
sys.exit(status[0] if status else 70)
"""


@contextmanager
def ready(folder: Path) -> Iterator[Path]:
    """Start the process; yield a folder with a ``recupera`` to be found before the other one."""
    address, commands = folder / "socket", folder / "bin"
    commands.mkdir()
    (commands / "recupera").write_text(_CLIENT.format(python=sys.executable, address=str(address)), "utf-8")
    (commands / "recupera").chmod(0o755)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        command = [sys.executable, "-m", __name__, str(listener.fileno())]
        server = subprocess.Popen(
            command, env=environment, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
        )
    yield commands
    server.kill()
    server.wait()


def _serve(listener: socket.socket) -> None:
    """Fork for each caller; what has ended is forgotten by itself."""
    for module in _READ:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        caller, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(caller)
        caller.close()


def _answer(caller: socket.socket) -> None:
    """Run one command and end with its status, which the caller is told."""
    length, streams, _, _ = socket.recv_fds(caller, 4, 3)
    told = caller.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
    words, folder, environment = json.loads(told)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["recupera", *words]
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    status = _status()
    sys.stdout.flush()
    sys.stderr.flush()
    caller.sendall(bytes([status]))
    os._exit(status)


def _status() -> int:
    """Return the status with which the command ends."""
    from classifier.cli import main

    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
