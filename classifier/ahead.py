"""An iterator that is read ahead by another thread, a bounded number of items."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

__all__ = ["read_ahead"]

T = TypeVar("T")

_PATIENCE = 0.1
"""Seconds between two looks at whether anybody still takes items."""


@contextmanager
def read_ahead(items: Iterator[T], count: int) -> Iterator[Iterator[T]]:
    """Read ``items`` in a thread, at most ``count`` before they are taken; what it raises is raised to the taker.

    Reading overlaps with whatever releases the interpreter's lock: the network's arithmetic, the disk. At the end of
    the block the thread has stopped.
    """
    queue: Queue[tuple[T] | BaseException | None] = Queue(count)
    stopped = Event()
    thread = Thread(target=_fill, args=(queue, items, stopped), name="read-ahead", daemon=True)
    thread.start()
    try:
        yield _taken(queue)
    finally:
        stopped.set()
        thread.join()


def _fill(queue: Queue[tuple[T] | BaseException | None], items: Iterator[T], stopped: Event) -> None:
    """Put the items, then ``None`` or what was raised; give up once nobody takes them."""
    last: BaseException | None = None
    try:
        for item in items:
            if not _put(queue, (item,), stopped):
                return
    except BaseException as error:  # noqa: BLE001, RUF100 - it is raised in the other thread
        last = error
    _put(queue, last, stopped)


def _put(queue: Queue[tuple[T] | BaseException | None], item: tuple[T] | BaseException | None, stopped: Event) -> bool:
    while not stopped.is_set():
        try:
            queue.put(item, timeout=_PATIENCE)
        except Full:
            continue
        return True
    return False


def _taken(queue: Queue[tuple[T] | BaseException | None]) -> Iterator[T]:
    while True:
        try:
            item = queue.get(timeout=_PATIENCE)  # with a timeout, or Ctrl-C would wait for the next item
        except Empty:
            continue
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item[0]
