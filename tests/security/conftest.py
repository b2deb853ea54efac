"""A running service with something of everything in it, which keeps its data in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.described import Described


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("described"))
    try:
        with Described.running() as running:
            yield running
    finally:
        os.chdir(before)
