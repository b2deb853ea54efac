import threading
from collections.abc import Iterator

import pytest

from classifier.ahead import read_ahead


def test_items_come_in_order_from_another_thread() -> None:
    def numbers() -> Iterator[tuple[int, str]]:
        for number in range(20):
            yield number, threading.current_thread().name

    with read_ahead(numbers(), 3) as items:
        found = list(items)
    assert [number for number, _ in found] == list(range(20))
    assert {name for _, name in found} == {"read-ahead"}


def test_no_more_is_read_than_asked_for() -> None:
    read = threading.Semaphore(0)
    taken = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            taken.append(number)
            read.release()
            yield number
            number += 1

    with read_ahead(endless(), 2) as items:
        assert next(items) == 0
        for _ in range(4):  # the one taken, two in the queue, one in hand
            assert read.acquire(timeout=30)
        assert not read.acquire(timeout=0.2)
    assert taken == [0, 1, 2, 3]


def test_an_error_is_raised_where_the_items_are_taken_after_those_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("damaged after row 1")

    found = []
    with pytest.raises(ValueError, match="damaged after row 1"), read_ahead(failing(), 4) as items:
        found.extend(iter(lambda: next(items), None))
    assert found == [1]


def test_the_thread_ends_with_the_block() -> None:
    def interrupted() -> None:
        with read_ahead(iter(range(1000)), 1) as items:
            next(items)
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threading.active_count() == before
