"""A file is there as a whole or not at all, for those who could read the one before it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from api.privacy.copies.replacing import BusyError, Replacement, drop_leftover


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def written(path: Path, content: bytes, like: os.stat_result | None = None) -> None:
    with Replacement.begin(path, like=like) as new:
        new.file.write(content)
        new.commit()


def test_a_new_file_is_for_its_owner_alone_and_one_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path, before = tmp_path / "a.jsonl", os.umask(0)
    try:
        written(path, b"one")
        assert mode(path) == 0o600
        path.chmod(0o664)
        written(path, b"two")
    finally:
        os.umask(before)
    assert (path.read_bytes(), mode(path)) == (b"two", 0o664)
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]


def test_nothing_changes_without_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"before")
    with Replacement.begin(path) as new:
        new.file.write(b"after")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.jsonl", b"before")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"before")
    path.chmod(0o640)
    os.chown(path, 12345, 23456)
    written(path, b"after", like=path.stat())
    now = path.stat()
    assert (now.st_uid, now.st_gid, mode(path), path.read_bytes()) == (12345, 23456, 0o640, b"after")


def test_two_do_not_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Replacement.begin(path) as first:
        first.file.write(b"first")
        with pytest.raises(BusyError):
            Replacement.begin(path)
        with pytest.raises(BusyError):
            drop_leftover(path)
        first.commit()
    assert path.read_bytes() == b"first"


def test_what_a_killed_process_left_is_deleted(tmp_path: Path) -> None:
    path, left = tmp_path / "a.jsonl", tmp_path / ".a.jsonl.part"
    left.write_bytes(b"words of a customer")
    drop_leftover(path)
    assert not left.exists()
    left.write_bytes(b"longer than what is written now")
    left.chmod(0o666)
    written(path, b"now")
    assert (path.read_bytes(), mode(path)) == (b"now", 0o600)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"of somebody else")
    (tmp_path / ".a.jsonl.part").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        Replacement.begin(tmp_path / "a.jsonl")
    assert (tmp_path / "other").read_bytes() == b"of somebody else"
