"""Lines of erased messages leave the files that exports wrote: these alone, and the rest stays byte for byte."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from api.access.principal import OPEN, Principal
from api.access.trail import entry
from api.analytics.export import FORMATS
from api.privacy.copies import cleaning
from api.privacy.copies.cleaning import State, clean_all, clean_file, host
from api.privacy.copies.forms import Part
from api.privacy.copies.replacing import Replacement
from api.privacy.erasing import erase_customer, erase_message
from api.privacy.report import proven, would_be
from api.privacy.retention import Retention
from api.privacy.settings import PrivacySettings
from api.store import export_files, trail
from api.store.export_files import ExportRecord
from api.store.identifiers import new_id
from tests.api.conftest import copied
from tests.api.privacy.conftest import CUSTOMER, Office
from tests.api.privacy.copies.conftest import exported, name

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)


@pytest.fixture
def database(tmp_path: Path, ready_file: Path) -> str:
    """Use SQLite here: what is asked of the store is tested on both in ``tests/api/store``."""
    file = tmp_path / "folder" / "recupera.db"
    copied(ready_file, file)
    return f"sqlite:///{file}"


async def taken(office: Office, count: int) -> list[str]:
    return [(await office.take(f"carta-{number}", "Todo bien, gracias.")).id for number in range(count)]


async def erased(office: Office, *ids: str) -> None:
    for one in ids:
        await erase_message(office.store, one, at=NOW)


async def remembered(office: Office, path: Path, where: str | None = None) -> ExportRecord:
    record = ExportRecord(new_id(), where or host(), str(path), NOW, 1, True, "ana")
    async with office.store.write() as connection:
        await export_files.begin(connection, record)
    return record


def lines(path: Path, *ids: str) -> None:
    path.write_text("".join(f"{json.dumps({'id': one, 'text': f'of {one}'})}\n" for one in ids))


@pytest.mark.parametrize("form", FORMATS)
async def test_the_lines_of_erased_messages_go_and_the_others_stay_as_they_are(
    office: Office, tmp_path: Path, form: str
) -> None:
    ids = await taken(office, 4)
    path = tmp_path / "export"
    path.write_bytes(exported(form, *ids))
    await erased(office, ids[1], ids[2])

    done = await clean_file(office.store, path)

    assert (done.state, done.removed, done.unreadable, done.problem) == (State.SEARCHED, 2, 0, None)
    before, after = exported(form, *ids), path.read_bytes()
    if form == "parquet":
        old, new = (pq.ParquetFile(io.BytesIO(content)) for content in (before, after))
        rows = old.read().to_pylist()
        assert new.read().to_pylist() == [rows[0], rows[3]]
        assert (new.schema_arrow, new.num_row_groups) == (old.schema_arrow, 2)
        assert new.metadata.row_group(0).column(0).compression == "ZSTD"
    else:
        second, fourth = before.index(ids[1].encode()) - 1, before.index(ids[3].encode()) - 1
        if form == "jsonl":
            second, fourth = before.rindex(b"\n", 0, second) + 1, before.rindex(b"\n", 0, fourth) + 1
        assert after == before[:second] + before[fourth:]
    again = await clean_file(office.store, path)
    assert (again.removed, path.read_bytes()) == (0, after)


async def test_a_file_without_them_is_not_written_anew(office: Office, tmp_path: Path) -> None:
    (only,) = await taken(office, 1)
    path = tmp_path / "a.jsonl"
    lines(path, only)
    before = path.stat()
    assert (await clean_file(office.store, path)).removed == 0
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_what_can_not_be_read_is_left_and_told(office: Office, tmp_path: Path) -> None:
    first, second = await taken(office, 2)
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"id": "{first}"}}\n{{"id": "{first}\n{{"id": "{second}"}}\n' + "x\n" * 25)
    await erased(office, first)

    done = await clean_file(office.store, path)

    assert (done.removed, done.unreadable, done.unread[:3], len(done.unread)) == (1, 26, (1, 3, 4), 20)
    assert done.is_left
    assert path.read_text().startswith(f'{{"id": "{first}\n{{"id": "{second}"}}\n')


async def test_mode_owner_and_a_link_stay(office: Office, tmp_path: Path) -> None:
    first, second = await taken(office, 2)
    path, link = tmp_path / "a.jsonl", tmp_path / "link.jsonl"
    lines(path, first, second)
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    link.symlink_to(path)
    os.link(path, tmp_path / "other-name")
    before = path.stat()
    await erased(office, first)

    done = await clean_file(office.store, link)

    after = path.stat()
    assert link.is_symlink()
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid)
    assert first not in path.read_text()
    assert done.problem == "1 more names (hard links) keep what it held"


async def test_a_file_that_may_not_be_given_its_owner_stays(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (only,) = await taken(office, 1)
    path = tmp_path / "a.jsonl"
    lines(path, only)
    await erased(office, only)

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refused)
    done = await clean_file(office.store, path)
    assert (done.state, done.problem, done.is_left) == (State.FAILED, "Operation not permitted", True)
    assert only in path.read_text()
    assert not (tmp_path / ".a.jsonl.part").exists()


async def test_a_file_that_another_process_writes_is_waited_for(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "_TRIES", 2)
    monkeypatch.setattr(cleaning, "_PAUSE_SECONDS", 0)
    (only,) = await taken(office, 1)
    path = tmp_path / "a.jsonl"
    lines(path, only)
    await erased(office, only)
    with Replacement.begin(path):
        done = await clean_file(office.store, path)
    assert (done.state, done.problem) == (State.FAILED, "another process is writing it: run it again")
    assert (await clean_file(office.store, path)).removed == 1


async def test_a_file_that_changes_while_it_is_cleaned_is_read_again(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await taken(office, 2)
    path = tmp_path / "a.jsonl"
    lines(path, first)
    await erased(office, first)
    plain = Replacement.begin
    newer: list[int] = []

    def meanwhile(where: Path, *, like: os.stat_result | None = None) -> Replacement:
        if not newer:
            newer.append(1)
            lines(tmp_path / "new", first, second)
            (tmp_path / "new").replace(path)
        return plain(where, like=like)

    monkeypatch.setattr(Replacement, "begin", meanwhile)
    assert (await clean_file(office.store, path)).removed == 1
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [second]


async def test_a_crash_halfway_leaves_the_file_whole_for_the_next_run(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.privacy.copies import text_lines

    first, second = await taken(office, 2)
    path = tmp_path / "a.jsonl"
    lines(path, first, second)
    before = path.read_bytes()
    await erased(office, first)

    def full(_self: object, _part: Part, _keep: Sequence[bool]) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(text_lines._Sink, "write", full)
        done = await clean_file(office.store, path)
    assert (done.state, done.problem, path.read_bytes()) == (State.FAILED, "No space left on device", before)
    assert (await clean_file(office.store, path)).removed == 1


async def test_a_file_of_another_database_or_of_none_stays(office: Office, tmp_path: Path) -> None:
    await taken(office, 1)
    lines(tmp_path / "other.jsonl", name(1), name(2))
    (tmp_path / "letter.txt").write_text("Hola")
    other = await clean_file(office.store, tmp_path / "other.jsonl")
    letter = await clean_file(office.store, tmp_path / "letter.txt")
    assert (other.state, letter.state) == (State.FAILED, State.FAILED)
    assert "none of its messages is stored here" in str(other.problem)
    assert (tmp_path / "other.jsonl").read_text().count("\n") == 2
    samples = await clean_file(office.store, tmp_path / "other.jsonl", host())  # written here, and deleted since
    assert (samples.state, samples.removed, samples.is_left) == (State.SEARCHED, 0, False)


async def test_remembered_and_named_files_are_cleaned_each_once(office: Office, tmp_path: Path) -> None:
    first, second = await taken(office, 2)
    kept, copy = tmp_path / "kept.jsonl", tmp_path / "copy.jsonl"
    for path in (kept, copy):
        lines(path, first, second)
        await remembered(office, path)
    await remembered(office, tmp_path / "moved.jsonl")
    await remembered(office, Path("/nowhere/a.jsonl"), "other-machine")
    await remembered(office, tmp_path / "letter.txt", "other-machine")
    (tmp_path / "letter.txt").write_text("Hola")
    await remembered(office, kept, "name-of-a-container")
    (tmp_path / ".moved.jsonl.part").write_text("left by a process that was killed")
    await erased(office, first)

    tried = await clean_all(office.store, [copy, tmp_path / "folder" / ".." / "kept.jsonl"], also=[second], dry=True)
    done = await clean_all(office.store, [copy])

    assert [file.removed for file in tried] == [2, 2, 0, 0, 0]
    states = {Path(file.path).name: (file.state, file.removed) for file in done}
    assert states == {
        "kept.jsonl": (State.SEARCHED, 1),
        "copy.jsonl": (State.SEARCHED, 1),
        "moved.jsonl": (State.ABSENT, 0),
        "a.jsonl": (State.ELSEWHERE, 0),
        "letter.txt": (State.ELSEWHERE, 0),
    }
    assert {file.made_by for file in done} == {"ana"}
    assert not any(file.is_left for file in done)
    assert not (tmp_path / ".moved.jsonl.part").exists()


async def test_the_proof_looks_in_the_files_too(office: Office, tmp_path: Path) -> None:
    theirs = await office.take("carta-1")
    other = await office.take("nota-2", "Todo bien, gracias.", customer={"id": "x"})
    for form in FORMATS:
        path = tmp_path / f"export.{form}"
        path.write_bytes(exported(form, theirs.id, other.id, other.id))  # the third quotes the telephone number
        await remembered(office, path)
    tried = await would_be(office.store, await erase_customer(office.store, CUSTOMER["id"], at=NOW, dry=True))
    done = await erase_customer(office.store, CUSTOMER["id"], at=NOW)
    report = await proven(office.store, office.url, None, done, at=NOW)
    assert [file.removed for file in tried.exports] == [file.removed for file in report.exports] == [1, 1, 1]
    found = {(Path(place.where).name, place.key): place.kinds for place in report.found}
    assert found == {
        ("export.csv", "line 5"): ("phone",),
        ("export.jsonl", "line 2"): ("phone",),
        ("export.parquet", "row 2"): ("phone",),
    }
    assert not report.is_proven


async def test_who_took_exports_away_since_is_told(office: Office) -> None:
    message = await office.take("carta-1")
    crm = Principal("key", new_id(), "crm", OPEN.scopes)
    written = [
        entry(crm, "GET", "/v1/export.{form}", {}, 200),
        entry(crm, "GET", "/v1/export.{form}", {}, 200),
        entry(crm, "GET", "/v1/export.{form}", {}, 403),
        entry(crm, "GET", "/v1/cases", {}, 200),
        replace(entry(replace(crm, name="early"), "GET", "/v1/export.{form}", {}, 200), at=NOW - timedelta(days=1)),
    ]
    async with office.store.write() as connection:
        await trail.add(connection, written)
    report = await proven(office.store, office.url, None, await erase_message(office.store, message.id, at=NOW), at=NOW)
    last = written[1].at.isoformat(timespec="seconds")
    assert [(one.kind, one.name, one.count, one.last) for one in report.downloads] == [("key", "crm", 2, last)]


async def test_the_daily_sweep_cleans_after_itself_and_after_a_crash(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = await taken(office, 3)
    path = tmp_path / "a.jsonl"
    lines(path, first, second, third)
    await remembered(office, path)
    await erased(office, first)  # and killed before it came to the files
    later = NOW + timedelta(days=800)
    retention = Retention(office.store, office.url, PrivacySettings(keep_messages_days=3650), clock=lambda: later)
    caplog.set_level("INFO")
    await retention._turn()
    assert first not in path.read_text()
    assert "1 lines taken out of exports" in caplog.text
    await erased(office, second)
    await retention._turn()
    assert second in path.read_text()  # nothing was erased by age: not looked at again before the next start
    retention._settings = PrivacySettings(keep_messages_days=730)
    path.write_text("Hola")
    await retention._turn()
    assert "1 exports can't be cleaned" in caplog.text
    assert str(path) not in caplog.text
    assert path.read_text() == "Hola"
