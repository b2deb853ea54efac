"""One service for all pages, and one built site for all tests of it; each worker of a parallel run has its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.main import create_app
from api.settings import DeliverySettings, Settings
from classifier import ComplaintClassifier
from tests.docs.shell import Shell
from tests.integration.console.conftest import _wait

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as ``make docs`` does; every warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-6000:]
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like the repository's to somebody who follows a page, without what earlier ones left."""
    here = tmp_path_factory.mktemp("reader")
    (here / "training").symlink_to(ROOT / "training")
    return here


@pytest.fixture(scope="session")
def address(folder: Path, shipped: ComplaintClassifier) -> Iterator[str]:
    """Start a service with the shipped model on a free port, its data where the commands look for it."""
    settings = Settings(data=folder / "recupera-data", delivery=DeliverySettings(allow=("127.0.0.1",)))
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings, classifier=shipped, worker=True)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(base_url=f"http://{url}", trust_env=False, timeout=30) as client:
        _wait(client)
    yield url
    server.should_exit = True
    thread.join(15)


@pytest.fixture
def shell(folder: Path, address: str) -> Iterator[Shell]:
    """Return a shell in that folder, whose service and receiver are on free ports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = {
        "127.0.0.1:8000": address,
        "127.0.0.1:9000": f"127.0.0.1:{port}",
        '"127.0.0.1", 9000': f'"127.0.0.1", {port}',
    }
    opened = Shell(folder, here)
    yield opened
    opened.close()
    shutil.rmtree(folder / "runs", ignore_errors=True)
