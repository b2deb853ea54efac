"""A file made beside the one whose place it takes, once it is complete and on the disk.

It is called ``.NAME.part`` and locked while it is written, so that what a process that was killed has left of it can be
told and deleted.
"""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

__all__ = ["BusyError", "Replacement", "drop_leftover"]

_OURS: Final = os.O_CLOEXEC | os.O_NOFOLLOW
_PRIVATE: Final = 0o600


class BusyError(Exception):
    """Another process writes the same file at this moment, or has just written it."""


class Replacement:
    """Takes what is to be in a file: there only after ``commit``, and all of it. Left without it, nothing changes."""

    def __init__(self, path: Path, partial: Path, file: BinaryIO) -> None:
        self.file = file
        self._path = path
        self._partial: Path | None = partial

    @classmethod
    def begin(cls, path: Path, *, like: os.stat_result | None = None) -> Self:
        """Make an empty file with the mode of the one at ``path``, by default for this user alone.

        ``like`` is a file whose owner it gets too. Raise ``OSError``, ``BusyError`` if another process is at it.
        """
        partial = _partial(path)
        drop_leftover(path)
        try:
            number = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OURS, _PRIVATE)
        except FileExistsError:
            raise BusyError from None
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_at(partial, number):
                raise BusyError
            _dress(number, like, path)
        except BaseException as error:
            os.close(number)
            if isinstance(error, BlockingIOError | BusyError):
                raise BusyError from None
            partial.unlink(missing_ok=True)
            raise
        return cls(path, partial, os.fdopen(number, "wb"))

    def commit(self) -> None:
        """Put it in its place, as soon as the disk has it."""
        assert self._partial is not None  # noqa: S101 - committed once
        self.file.flush()
        os.fsync(self.file.fileno())
        self._partial.replace(self._path)
        self._partial = None
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Have nothing left but what was committed."""
        if self._partial is not None:
            self._partial.unlink(missing_ok=True)
            self._partial = None
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def drop_leftover(path: Path) -> None:
    """Delete what a process that was killed has left of a file; raise ``BusyError`` if one is still writing it."""
    partial = _partial(path)
    try:
        number = os.open(partial, os.O_RDWR | os.O_NONBLOCK | _OURS)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(partial, number):
            partial.unlink()
    except BlockingIOError:
        raise BusyError from None
    finally:
        os.close(number)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _is_at(path: Path, number: int) -> bool:
    """Say whether an open file still has its name."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(number))
    except FileNotFoundError:
        return False


def _dress(number: int, like: os.stat_result | None, path: Path) -> None:
    """Give a new file its owner and mode, before there is a word in it."""
    made = os.fstat(number)
    if like is not None and (like.st_uid, like.st_gid) != (made.st_uid, made.st_gid):
        os.fchown(number, like.st_uid, like.st_gid)
    if like is None and path.is_file():
        like = path.stat()
    os.fchmod(number, _PRIVATE if like is None else stat.S_IMODE(like.st_mode))
