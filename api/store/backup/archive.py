"""A backup is one ZIP file: members with what a database held, and a manifest that says what they must be."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from classifier.errors import InputError

__all__ = ["EVER_THERE", "Archive", "Manifest", "Member", "Writer", "being_written"]

FORMAT: Final = 1
EVER_THERE: Final = frozenset({"cell_changes", "daily_cells", "executors", "policies", "seals", "server_secrets"})
"""Tables that a service fills by being started: with nothing but these a database is empty."""
_MANIFEST: Final = "manifest.json"
_MOST_MANIFEST: Final = 4 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
_LEVEL: Final = 4
"""Of compression: half the time of the usual 6 for a twentieth more bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """``size`` in bytes before compression, and their SHA-256; ``columns`` of a table, in the order of its rows."""

    size: int
    sha256: str
    columns: Sequence[str] = ()

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> Self:
        """Read what a manifest says of a member."""
        return cls(int(said["size"]), str(said["sha256"]), tuple(map(str, said["columns"])))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of: ``database`` is ``sqlite`` or ``postgresql``, ``revision`` that of the tables.

    ``sealed`` says that secrets in it are encrypted by a key that is not in it.
    """

    database: str
    revision: str
    sealed: bool
    members: Mapping[str, Member]
    made_at: str
    version: str
    format: int = FORMAT

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read it; raise ``InputError`` if it is of another format, or none."""
        try:
            content = json.loads(raw)
            found, made_by = content["format"], str(content["version"])
            if found == FORMAT:
                members = {str(name): Member.parse(said) for name, said in content.pop("members").items()}
                return cls(members=members, **content)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError("the manifest can't be read") from None
        raise InputError(f"it was made by Recupera {made_by}, in a format that this one does not know")

    def to_json(self) -> str:
        """Return it as it is written."""
        return json.dumps(asdict(self), indent=1)


class Writer:
    """Writes members one after the other, also to a pipe; ``close`` adds the manifest."""

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._members: dict[str, Member] = {}

    @contextmanager
    def member(self, name: str, columns: Sequence[str] = ()) -> Iterator[Callable[[bytes], None]]:
        """Lend a function that takes the bytes of a member."""
        digest, size = sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as file:

            def write(data: bytes) -> None:
                nonlocal size
                file.write(data)
                digest.update(data)
                size += len(data)

            yield write
        self._members[name] = Member(size, digest.hexdigest(), tuple(columns))

    def abandon(self) -> None:
        """Write nothing more: what is there is no backup."""
        self._zip.fp = None

    def close(self, *, database: str, revision: str, sealed: bool) -> Manifest:
        """Write the manifest and end the file."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(database, revision, sealed, self._members, now, version("recupera"))
        self._zip.writestr(_MANIFEST, manifest.to_json())
        self._zip.close()
        return manifest


class Archive:
    """A backup that is read."""

    def __init__(self, file: zipfile.ZipFile, manifest: Manifest) -> None:
        self._zip = file
        self.manifest = manifest

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Lend the backup in a file; raise ``InputError`` that says why it is none."""
        with ExitStack() as stack:
            try:
                file = stack.enter_context(zipfile.ZipFile(path))
                manifest = Manifest.parse(_read_manifest(file))
            except OSError as error:
                raise InputError(f"{path}: {error.strerror}") from None
            except (zipfile.BadZipFile, zlib.error, EOFError, KeyError):
                raise InputError(f"{path} is no backup of Recupera, or not all of it") from None
            yield cls(file, manifest)

    @property
    def size(self) -> int:
        """Bytes of all members, before compression."""
        return sum(member.size for member in self.manifest.members.values())

    def verify(self, advance: Callable[[int], None]) -> None:
        """Read every byte; raise ``InputError`` if anything is not what the manifest says."""
        if set(self._zip.namelist()) != {*self.manifest.members, _MANIFEST}:
            raise InputError("the backup holds other files than its manifest says: take another copy of it")
        for name, member in self.manifest.members.items():
            if self._zip.getinfo(name).file_size > member.size:
                raise InputError(f"{name} in the backup is longer than its manifest says: take another copy of it")
            digest = sha256()
            for chunk in self.chunks(name):
                digest.update(chunk)
                advance(len(chunk))
            if digest.hexdigest() != member.sha256:
                raise InputError(f"{name} in the backup is damaged: take another copy of it")

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a member, never more than the manifest says there are."""
        left = self.manifest.members[name].size
        try:
            with self._zip.open(name) as file:
                while chunk := file.read(min(_CHUNK, left)):
                    left -= len(chunk)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            raise InputError(f"{name} in the backup is damaged: take another copy of it") from None
        if left:
            raise InputError(f"{name} in the backup is cut short: take another copy of it")


def _read_manifest(file: zipfile.ZipFile) -> bytes:
    if file.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
        raise InputError("the manifest can't be read")
    return file.read(_MANIFEST)


@contextmanager
def being_written(path: Path) -> Iterator[BinaryIO]:
    """Lend a file, for this user alone, that is at ``path`` only once it is complete and on the disk."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):  # what could not be made is not there
            partial.unlink(missing_ok=True)
