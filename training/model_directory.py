"""Where a model directory is written: where nothing is, or in the place of an older one, never over anything else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from classifier.artifact import FILES
from classifier.errors import InputError

__all__ = ["check_target", "in_place_of"]


def check_target(path: Path) -> None:
    """Raise ``InputError`` if something is at ``path`` that is neither a model directory nor an empty one."""
    if os.path.lexists(path) and not (path.is_dir() and (_is_model(path) or not any(path.iterdir()))):
        raise InputError(f"{path} is there and is no model directory: name another place, that one would be lost")


@contextmanager
def in_place_of(target: Path) -> Iterator[Path]:
    """Lend a place where nothing is, for a complete model directory; at the end of the block it becomes ``target``.

    In one move, and an older model goes; where the block fails, ``target`` is what it was. Raise ``InputError`` as
    ``check_target`` does.
    """
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        fresh = Path(folder) / target.name
        yield fresh
        _move_in(fresh, target)


def _move_in(fresh: Path, target: Path) -> None:
    """Move the complete model in ``fresh`` to ``target``, and what was there beside ``fresh``; back if that fails.

    ``fresh`` lies in a temporary folder on the same disk, with which the older model goes.
    """
    check_target(target)
    retired = fresh.with_name(f"{fresh.name}.retired")
    if not target.exists():
        fresh.rename(target)
        return
    target.rename(retired)
    try:
        fresh.rename(target)
    except BaseException:
        retired.rename(target)
        raise


def _is_model(path: Path) -> bool:
    return all((path / name).is_file() for name in (FILES.config, FILES.checksums))
