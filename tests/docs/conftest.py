"""One service for the pages that share it, of each worker's own, and one built site for all tests of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.main import create_app
from api.settings import DeliverySettings, Settings
from classifier import ComplaintClassifier
from tests.conftest import made_once
from tests.docs.blocks import ROOT
from tests.docs.forking import ready
from tests.docs.reader import Reader
from tests.serving import serving


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as ``make docs`` does; every warning is an error."""
    return made_once(tmp_path_factory, "site", _build)


def _build(folder: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-6000:]


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
    with serving(create_app(settings, classifier=shipped, worker=True)) as url:
        yield urlsplit(url).netloc


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with a ``recupera`` that starts at once."""
    with ready(tmp_path_factory.mktemp("forking")) as folder:
        yield folder


@pytest.fixture
def reader(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Return a reader in an empty folder."""
    found = Reader(tmp_path, request.getfixturevalue)
    with found.ended:
        yield found
