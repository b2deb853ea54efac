import asyncio
import contextlib
import gc
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.access.nearby import is_loopback
from api.commands.serve import _collect, _listen, _nothing_collected, _shown
from classifier.cli import app
from tests.conftest import INTERRUPTIBLE

RECUPERA = [sys.executable, "-c", INTERRUPTIBLE]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn")
    handlers, level, other = root.handlers[:], root.level, uvicorn.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    uvicorn.setLevel(other)


@contextlib.contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run the service, and read what it says until it is ready."""
    command = [*RECUPERA, "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    try:
        assert process.stderr
        for line in process.stderr:
            said.append(line)
            if "-d '{" in line:
                break
        yield process, said
    finally:
        process.kill()
        process.communicate()


def test_garbage_is_looked_for_from_when_the_service_is_ready_but_not_in_what_was_there() -> None:
    try:
        with _nothing_collected():
            assert not gc.isenabled()
            _collect()
            assert gc.isenabled()
            assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
    assert gc.isenabled()


def test_garbage_is_looked_for_after_a_service_that_never_was_ready() -> None:
    with pytest.raises(ZeroDivisionError), _nothing_collected():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_taken_port_is_said_plainly(tiny_model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port), "--model", str(tiny_model)])
    assert result.exit_code == 2
    assert result.stderr == f"error: port {port} of 127.0.0.1 is taken by another program: choose another --port\n"


def test_an_answer_does_not_wait_for_the_callers_receipt() -> None:
    async def sent_at_once() -> bool:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            done.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = _listen("127.0.0.1", 0)
        async with await asyncio.start_server(connected, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            writer.close()
            return bool(await done)

    assert asyncio.run(sent_at_once())


def test_a_wrong_model_is_said_before_anything_is_served(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["serve", "--port", "0", "--model", str(tmp_path)])
    assert result.exit_code == 2
    assert "not a model directory" in result.stderr


def test_help_has_an_example() -> None:
    assert "Example: recupera serve" in CliRunner().invoke(app, ["serve", "--help"]).stdout


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False), ("a.b", False)],
)
def test_who_can_reach_an_address(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_addresses_are_shown_as_they_can_be_typed() -> None:
    assert [_shown(host) for host in ("0.0.0.0", "::", "::1", "h")] == ["127.0.0.1", "127.0.0.1", "[::1]", "h"]


@pytest.mark.acceptance
def test_the_service_runs_and_its_first_request_works(tmp_path: Path, tiny_model: Path) -> None:
    with serving(tmp_path, "--model", str(tiny_model)) as (process, said):
        text = "".join(said)
        url = re.search(r"Recupera is at (\S+)", text)[1]
        assert "warning" not in text
        assert httpx.get(f"{url}/readyz").status_code == 200
        curl = re.search(r"curl -s (\S+) .*?-d '(.*?)'", text, re.DOTALL)
        answer = httpx.post(curl[1], content=curl[2], headers={"content-type": "application/json"})
        assert answer.json()["results"][0]["language"] == "es"
        assert httpx.get(f"{url}/docs").status_code == 200
        os.kill(process.pid, signal.SIGINT)
        rest = process.communicate(timeout=30)[1]
        assert process.returncode == 130
    logged = [json.loads(line) for line in rest.splitlines() if line.startswith("{")]
    assert any({"method", "path", "status", "ms"} <= set(line) for line in logged)
    assert "Traceback" not in rest


@pytest.mark.acceptance
def test_an_open_address_is_warned_about(tmp_path: Path, tiny_model: Path) -> None:
    with serving(tmp_path, "--model", str(tiny_model), "--host", "0.0.0.0") as (_, said):
        assert any(line.startswith("warning: 0.0.0.0 can be reached from other machines") for line in said)


def test_nothing_of_a_message_is_logged_however_much_is(tiny_model: Path, tmp_path: Path) -> None:
    message = {
        "channel": "email",
        "external_id": "tordesillas-1",
        "text": "Soy Fulgencia Tordesillas y no me llegó nada.",
        "customer": {"id": "tordesillas"},
    }
    with serving(tmp_path, "--model", str(tiny_model), "--log-level", "debug") as (process, said):
        url = next(match[0] for line in said if (match := re.search(r"http://127\.0\.0\.1:\d+", line)))
        assert httpx.post(f"{url}/v1/messages", json=message, timeout=30).status_code == 201
        process.send_signal(signal.SIGINT)
        assert process.stderr
        logged = "".join(said) + process.stderr.read()
    assert '"level": "debug"' in logged
    assert '"path": "/v1/messages"' in logged
    assert "ordesillas" not in logged
