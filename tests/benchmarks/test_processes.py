"""A service that a benchmark starts is waited for, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.processes import free_port, running, without_ours
from tests.conftest import ROOT

_SERVER = "sleep 600 & exec {python} -m http.server {port} --bind 127.0.0.1"
_SECTION = """
import os, sys
from pathlib import Path
from benchmarks import __main__ as benchmarks
from benchmarks.processes import running

url, command = sys.argv[1:]
del sys.argv[1:]

def section(_options):
    with running(["sh", "-c", command], url, Path(), os.environ) as process:
        print(process.pid, flush=True)
        process.wait()
    yield

benchmarks.SECTIONS = {"section": section}
benchmarks.main()
"""


@pytest.fixture
def server() -> tuple[str, str]:
    port = free_port()
    return f"http://127.0.0.1:{port}", _SERVER.format(python=sys.executable, port=port)


def test_it_ends_with_all_that_it_started(tmp_path: Path, server: tuple[str, str]) -> None:
    url, command = server
    with running(["sh", "-c", command], url, tmp_path, without_ours(os.environ)) as process:
        found = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
        assert len(found) == 2
    assert _ended(found)


def test_one_that_dies_is_said_with_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo no such model; exit 3"]
    with (
        pytest.raises(RuntimeError, match="did not start:\nno such model"),
        running(command, f"http://127.0.0.1:{free_port()}", tmp_path, os.environ),
    ):
        pass


def test_benchmarks_told_to_end_leave_no_process(tmp_path: Path, server: tuple[str, str]) -> None:
    command = [sys.executable, "-c", _SECTION, *server]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as benchmarks:
        assert benchmarks.stdout is not None
        line = next(line for line in benchmarks.stdout if line.strip().isdecimal())
        found = [psutil.Process(int(line)), *psutil.Process(int(line)).children()]
        benchmarks.terminate()
        assert benchmarks.wait(60) == 128 + signal.SIGTERM
    assert len(found) == 2
    assert _ended(found)


def _ended(processes: list[psutil.Process]) -> bool:
    """Tell whether none runs, or will in a moment; one whose parent has not asked after it yet has ended too."""
    deadline = time.monotonic() + 10
    while any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
