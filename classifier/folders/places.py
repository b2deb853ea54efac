"""Where files lie: a folder here, or one that pyarrow or fsspec opens by its address (``s3://``, ``gs://``, ``abfs://``)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
from pyarrow import fs

from classifier.errors import InputError
from classifier.formats import format_of

__all__ = ["NOTES", "File", "Place", "files_of", "has_format", "is_hidden"]

NOTES: Final = "_recupera"
"""Folder within an output where it is noted what is done."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder and the filesystem that it is of; ``only`` names the one file in it that is meant, if not all are."""

    filesystem: Any
    root: str
    only: str = ""

    @classmethod
    def of(cls, address: str) -> Self:
        """Open a path or an address; raise ``InputError`` if nothing knows its kind."""
        if "://" not in address:
            return cls(fs.LocalFileSystem(), str(Path(address).absolute()))
        try:
            filesystem, root = fs.FileSystem.from_uri(address)
        except pa.ArrowInvalid:
            filesystem, root = _by_fsspec(address)
        return cls(filesystem, root.rstrip("/"))

    @classmethod
    def read(cls, address: str) -> Self:
        """Open a path or an address to read from: a folder, or a file as a folder of one."""
        place = cls.of(address)
        if not place.is_file:
            return place
        root, _, name = place.root.rpartition("/")
        return cls(place.filesystem, root, name)

    @property
    def is_file(self) -> bool:
        """Whether there is a file instead of a folder."""
        return bool(self.filesystem.get_file_info(self.root).type == fs.FileType.File)

    @property
    def real(self) -> str:
        """Where the folder really lies: here, without dots and links."""
        return os.path.realpath(self.root) if isinstance(self.filesystem, fs.LocalFileSystem) else self.root

    def __truediv__(self, path: str) -> str:
        return f"{self.root}/{path}"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a folder: its path within it, its size in bytes, and its last change in nanoseconds where known."""

    path: str
    size: int
    changed: int | None


def files_of(place: Place) -> list[File]:
    """Return the files that can be classified, in the order of their paths; hidden ones and notes are none.

    Raise ``InputError`` if the place is one file of a kind that can't be read.
    """
    if place.only:
        format_of(Path(place.only))
        info = place.filesystem.get_file_info(place / place.only)
        return [File(place.only, int(info.size), info.mtime_ns)]
    found = place.filesystem.get_file_info(fs.FileSelector(place.root, recursive=True, allow_not_found=True))
    files = [
        File(info.path.removeprefix(place.root).lstrip("/"), int(info.size), info.mtime_ns)
        for info in found
        if info.type == fs.FileType.File
    ]
    return sorted((file for file in files if _readable(file.path)), key=lambda file: file.path)


def _readable(path: str) -> bool:
    return has_format(path) and not is_hidden(path)


def is_hidden(path: str) -> bool:
    """Tell whether a path within a folder leads past something hidden, which is never read."""
    return any(part.startswith((".", "_")) for part in path.split("/"))


def has_format(path: str) -> bool:
    """Tell whether the ending of a path is that of a file that can be read."""
    try:
        format_of(Path(path))
    except InputError:
        return False
    return True


def _by_fsspec(address: str) -> tuple[Any, str]:
    scheme = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        filesystem, root = url_to_fs(address)
    except (ImportError, ValueError):
        raise InputError(
            f"can't open {scheme}:// addresses: install fsspec and its package for them, such as gcsfs or adlfs"
        ) from None
    return fs.PyFileSystem(fs.FSSpecHandler(filesystem)), root
