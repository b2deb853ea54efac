"""Who watches a worker from outside sees that it works."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path

import pytest

from api.commands import worker
from api.settings import Settings
from api.store.database import FILE_NAME
from classifier.errors import InputError
from tests.api.conftest import copied
from tests.api.workflow.conftest import until

pytestmark = pytest.mark.anyio


async def test_a_worker_touches_its_file_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    monkeypatch.setattr(worker, "_BEAT_SECONDS", 0.01)
    file = tmp_path / "alive"
    beating = asyncio.create_task(worker._beat(file))
    await until(file.exists)
    os.utime(file, (0, 0))
    await until(lambda: file.stat().st_mtime > 0)
    beating.cancel()
    with suppress(asyncio.CancelledError):
        await beating


async def test_a_file_that_can_not_be_touched_for_a_while_is_touched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, anyio_backend: str
) -> None:
    monkeypatch.setattr(worker, "_BEAT_SECONDS", 0.01)
    file = tmp_path / "run" / "alive"
    with caplog.at_level(logging.WARNING, worker.__name__):
        beating = asyncio.create_task(worker._beat(file))
        await until(lambda: beating.done() or "can't touch" in caplog.text)
        file.parent.mkdir()
        await until(lambda: beating.done() or file.exists())
    assert (file.exists(), beating.done()) == (True, False)
    beating.cancel()
    with suppress(asyncio.CancelledError):
        await beating


async def test_a_worker_whose_file_can_not_be_touched_does_not_begin(
    tmp_path: Path, ready_file: Path, anyio_backend: str
) -> None:
    copied(ready_file, tmp_path / "data" / FILE_NAME)
    with pytest.raises(InputError, match="alive: No such file or directory"):
        await asyncio.wait_for(worker._work(Settings(data=tmp_path / "data"), tmp_path / "run" / "alive"), 60)
