"""What is no whole backup for this database is refused before anything is touched."""

from __future__ import annotations

import asyncio
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.store.backup import Archive, restore
from api.store.database import Store, database_url
from classifier.errors import InputError
from tests.api.store.backup.conftest import Run


@pytest.fixture
def whole(tmp_path: Path, recupera: Run) -> Path:
    """Return a backup of an empty SQLite database."""

    async def make() -> None:
        await (await Store.open(database_url(None, tmp_path / "data"))).close()

    asyncio.run(make())
    recupera(f"sqlite:///{tmp_path}/data/recupera.db", "backup", str(tmp_path / "whole.zip"))
    return tmp_path / "whole.zip"


def put_back(file: Path, folder: Path) -> None:
    with Archive.open(file) as archive:
        restore(database_url(None, folder), archive)


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write a backup anew with other members."""
    with zipfile.ZipFile(file) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)


def said(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    """Change what the manifest says."""

    def change(members: dict[str, bytes]) -> None:
        members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), **changes}).encode()

    return change


def flip_a_bit(members: dict[str, bytes]) -> None:
    content = bytearray(members["recupera.db"])
    content[5000] ^= 1
    members["recupera.db"] = bytes(content)


def test_a_whole_one_is_taken(whole: Path, tmp_path: Path) -> None:
    put_back(whole, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["recupera.db", "recupera.db.worker.lock"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (flip_a_bit, "recupera.db in the backup is damaged"),
        (lambda members: members.update({"recupera.db": members["recupera.db"][:-1]}), "is cut short"),
        (
            lambda members: members.update({"recupera.db": members["recupera.db"] + b"more"}),
            "is longer than its manifest says",
        ),
        (lambda members: members.update({"../evil": b"1"}), "other files than its manifest says"),
        (lambda members: members.pop("recupera.db"), "other files than its manifest says"),
        (lambda members: members.pop("manifest.json"), "no backup of Recupera"),
        (said(members=[]), "the manifest can't be read"),
        (said(members={"recupera.db": {"size": "many"}}), "the manifest can't be read"),
        (said(format=99, version="9.0"), "made by Recupera 9.0, in a format"),
        (said(revision="9999"), "made by a newer Recupera"),
        (said(database="postgresql"), "the backup is of postgresql, and this database is sqlite"),
    ],
)
def test_another_one_is_refused(
    change: Callable[[dict[str, bytes]], None], message: str, whole: Path, tmp_path: Path
) -> None:
    rewritten(whole, change)
    with pytest.raises(InputError, match=message):
        put_back(whole, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.0])
def test_the_beginning_of_one_is_refused(kept: float, whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match="no backup of Recupera, or not all of it"):
        put_back(whole, tmp_path / "new")


def test_bytes_that_changed_on_the_way_are_noticed(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[2000] ^= 0xFF
    whole.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        put_back(whole, tmp_path / "new")


def test_a_disk_that_is_full_leaves_what_was_there(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_back(whole, tmp_path / "new")
    before = (tmp_path / "new" / "recupera.db").read_bytes()
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises(InputError, match="No space left on device"), Archive.open(whole) as archive:
        restore(database_url(None, tmp_path / "new"), archive, force=True)
    assert (tmp_path / "new" / "recupera.db").read_bytes() == before
    assert shutil.disk_usage(tmp_path).free > 0


def _full(_file: int) -> None:
    raise OSError(28, "No space left on device")
