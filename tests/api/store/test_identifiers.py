import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.store import identifiers
from api.store.identifiers import new_id


def test_they_are_uuids_of_version_7_that_hold_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= (made.int >> 80) <= time.time_ns() // 1_000_000 + 1


def test_they_sort_by_when_they_were_made() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_also_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr(identifiers.time, "time_ns", lambda: 0)
    assert new_id() > first


def test_threads_get_different_ones() -> None:
    gate = threading.Barrier(4)

    def some(_: int) -> list[str]:
        gate.wait()
        return [new_id() for _ in range(2000)]

    with ThreadPoolExecutor(4) as pool:
        made = [name for part in pool.map(some, range(4)) for name in part]
    assert len(set(made)) == 8000
