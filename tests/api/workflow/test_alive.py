"""Who watches a worker from outside sees that it works."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from api.commands import worker
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
