"""A backup made while the service works is put back, and its cases go on."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from api.intake import Intake
from api.store import backup as backups
from api.store import destinations
from api.store.backup import sqlite
from api.store.backup.archive import Archive, Writer
from api.store.database import Store, database_url
from api.store.destinations import DestinationKind, DestinationRecord
from api.store.identifiers import new_id
from api.store.vault import Vault
from api.workflow.worker import WorkerState
from tests.api.conftest import Steady
from tests.api.store.backup.conftest import Run, findings
from tests.api.workflow.conftest import Desk, FastClock, until

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[4]
HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)
DESTINATION = DestinationRecord(
    new_id(), "crm", DestinationKind.WEBHOOK, "https://crm.example.org/", None, [], {},
    [{"secret": "whsec_clandestino"}], 1.0, 1, enabled=True, disabled_reason=None, created_at=NOW, updated_at=NOW,
    deleted_at=None, failures=0, paused_until=None, tokens=1.0, tokens_at=NOW,
)  # fmt: skip
RECUPERA = [sys.executable, "-c", "from classifier.cli import main; main()"]


async def at(desk: Desk, database: str, tmp_path: Path) -> Desk:
    """Return a desk like another on another database."""
    url = database_url(database, tmp_path)
    return Desk(await Store.open(url), url, desk.intake)


async def looked_at(desk: Desk, case_id: str, moment: object) -> bool:
    return (await desk.case(case_id)).next_at == moment


async def test_cases_go_on_from_where_they_were(
    desk: Desk, database: str, other: str, tmp_path: Path, recupera: Run
) -> None:
    file = tmp_path / "monday.zip"
    posted: list[str] = []
    done = asyncio.Event()

    async def post() -> None:
        while not done.is_set():
            posted.append(await desk.complain(str(len(posted)), thread_id=str(len(posted))))

    async with desk.working():
        posting = asyncio.create_task(post())
        await until(lambda: len(posted) > 3)
        opened = (await desk.case(posted[0])).opened_at
        await until(lambda: looked_at(desk, posted[0], opened + 6 * HOUR))
        before = list(posted)
        await asyncio.to_thread(recupera, database, "backup", str(file))
        done.set()
        await posting

    said = recupera(other, "restore", str(file))
    assert "restored what Recupera" in said.output
    assert findings(recupera(other, "audit", "--minutes", "1", "--json")) == []

    restored = await at(desk, other, tmp_path)
    clock = FastClock(opened + 12 * HOUR)
    worker = restored.worker(clock=clock)
    worker.start()
    await until(lambda: worker.state == WorkerState.RUNNING, 60)
    for case_id in (before[0], before[-1]):
        [due] = await until(lambda name=case_id: restored.events(name, "step.due"))
        assert due.data["step"]["id"] == "greet"
    await worker.stop()
    await restored.store.close()
    assert findings(recupera(other, "audit", "--minutes", "100000", "--json")) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_is_there_is_replaced_only_if_told_to(
    desk: Desk, database: str, other: str, tmp_path: Path, recupera: Run
) -> None:
    first = await desk.complain("first")
    recupera(database, "backup", "one.zip")
    second = await desk.complain("second", thread_id="u")
    recupera(database, "backup", "two.zip")
    await desk.store.close()
    recupera(other, "restore", "two.zip")

    said = recupera(other, "restore", "one.zip", status=2)

    assert "--force" in said.output
    assert await cases(desk, other, tmp_path) == {first, second}
    recupera(other, "restore", "one.zip", "--force")
    assert await cases(desk, other, tmp_path) == {first}


async def test_a_database_of_a_service_that_only_started_is_empty(
    desk: Desk, database: str, other: str, tmp_path: Path, recupera: Run
) -> None:
    recupera(database, "backup", "one.zip")
    started = await at(desk, other, tmp_path)
    await Intake.start(started.store, None, Steady(), capacity=1)  # type: ignore[arg-type]
    await started.store.close()
    recupera(other, "restore", "one.zip")


async def cases(desk: Desk, database: str, tmp_path: Path) -> set[str]:
    there = await at(desk, database, tmp_path)
    async with there.store.read() as connection:
        found = {row[0] for row in (await connection.exec_driver_sql("SELECT id FROM cases")).all()}
    await there.store.close()
    return found


async def test_nothing_is_replaced_under_a_service_that_runs(
    desk: Desk, database: str, tmp_path: Path, recupera: Run
) -> None:
    await desk.complain()
    recupera(database, "backup", "one.zip")

    said = recupera(database, "restore", "one.zip", "--force", status=2)

    assert "stop it first" in said.output
    await desk.store.close()
    recupera(database, "restore", "one.zip", "--force")


async def test_no_key_is_in_it(
    database: str, other: str, tmp_path: Path, recupera: Run, monkeypatch: pytest.MonkeyPatch
) -> None:

    key = Fernet.generate_key().decode()
    monkeypatch.setenv("RECUPERA_SECRET_KEY", key)
    store = await Store.open(database_url(database, tmp_path), Vault.parse(key))
    async with store.write() as connection:
        await destinations.add(connection, DESTINATION)
    await store.close()

    said = recupera(database, "backup", "one.zip")

    assert "keep RECUPERA_SECRET_KEY apart" in said.output
    with zipfile.ZipFile("one.zip") as file:
        everything = b"".join(file.read(name) for name in file.namelist())
    assert key.encode() not in everything
    assert b"clandestino" not in everything
    assert "RECUPERA_SECRET_KEY of that time" in recupera(other, "restore", "one.zip").output


def test_a_backup_goes_through_a_pipe(tmp_path: Path, recupera: Run) -> None:
    database = f"sqlite:///{tmp_path}/a/recupera.db"
    asyncio.run(opened_once(database, tmp_path))

    made = subprocess.run(
        [*RECUPERA, "backup", "-", "--data", "a"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )

    (tmp_path / "piped.zip").write_bytes(made.stdout)
    with Archive.open(tmp_path / "piped.zip") as archive:
        archive.verify(lambda _: None)
    recupera(f"sqlite:///{tmp_path}/b/recupera.db", "restore", "piped.zip")


def test_a_pipe_that_can_not_be_written_to_is_not_taken_for_the_database(tmp_path: Path) -> None:
    asyncio.run(opened_once(f"sqlite:///{tmp_path}/a/recupera.db", tmp_path))
    command = [*RECUPERA, "backup", "-", "--data", "a"]
    nobody, ours = os.pipe()
    os.close(nobody)
    with os.fdopen(ours, "wb") as closed:
        made = subprocess.run(
            command, stdout=closed, stderr=subprocess.PIPE, check=False, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}
        )
    assert (made.returncode, b"error" in made.stderr) == (141, False), made.stderr


async def opened_once(database: str, tmp_path: Path) -> None:
    await (await Store.open(database_url(database, tmp_path))).close()


def test_both_files_are_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer counts in one file, then in the other; copies made one after the other would be many counts apart."""
    url = database_url(None, tmp_path)
    paths = [tmp_path / "recupera.db", tmp_path / "recupera-workflows.db"]
    stop = threading.Event()
    for path in paths:
        with closing(sqlite3.connect(path)) as made:
            made.executescript("PRAGMA journal_mode = WAL; CREATE TABLE n (n INTEGER); INSERT INTO n VALUES (0)")

    def count() -> None:
        with (
            closing(sqlite3.connect(paths[0], timeout=30)) as one,
            closing(sqlite3.connect(paths[1], timeout=30)) as two,
        ):
            while not stop.is_set():
                for file in (one, two):
                    file.execute("UPDATE n SET n = n + 1")
                    file.commit()

    copied = sqlite._copy

    def slow(view: sqlite3.Connection, path: Path) -> None:
        time.sleep(0.1)
        copied(view, path)

    monkeypatch.setattr(sqlite, "_copy", slow)
    counting = threading.Thread(target=count)
    counting.start()
    while not counted(paths[1]):
        time.sleep(0.01)
    try:
        with (tmp_path / "b.zip").open("wb") as stream:
            writer = Writer(stream)
            sqlite.dump(url, writer, tmp_path, lambda _: None)
            writer.close(database="sqlite", revision="0001", sealed=False)
    finally:
        stop.set()
        counting.join()
    with zipfile.ZipFile(tmp_path / "b.zip") as file:
        names = ("recupera.db", "recupera-workflows.db")
        counts = [counted(Path(file.extract(name, tmp_path / "out"))) for name in names]
    assert counts[0] > 0
    assert counts[0] - counts[1] in (0, 1)


def counted(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        return int(connection.execute("SELECT n FROM n").fetchone()[0])


async def test_there_must_be_a_database(tmp_path: Path, recupera: Run) -> None:
    assert "holds no database" in recupera(f"sqlite:///{tmp_path}/none/recupera.db", "backup", "b.zip", status=2).output
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("a/recupera.db", "a file of the database"),
        ("a/recupera.db-wal", "a file of the database"),
        ("a/recupera.db-shm", "a file of the database"),
        ("a/recupera.db.worker.lock", "a file of the database"),
        ("a/recupera-workflows.db", "a file of the database"),
        ("a/../a/recupera.db", "a file of the database"),
        ("link.db", "a file of the database"),
        ("linked/recupera.db-wal", "a file of the database"),
        ("a", "no file"),
        (".", "no file"),
        ("pipe", "no file"),
        ("text/b.zip", "Not a directory"),
        ("none/b.zip", "No such file"),
        ("b" * 254, "File name too long"),
    ],
)
def test_a_place_where_no_backup_can_be_is_said(file: str, reason: str, tmp_path: Path, recupera: Run) -> None:
    database = f"sqlite:///{tmp_path}/a/recupera.db"
    asyncio.run(opened_once(database, tmp_path))
    (tmp_path / "link.db").symlink_to(tmp_path / "a" / "recupera.db")
    (tmp_path / "linked").symlink_to(tmp_path / "a")
    (tmp_path / "text").write_text("Hola")
    os.mkfifo(tmp_path / "pipe")

    said = recupera(database, "backup", file, status=2)

    assert reason in " ".join(said.output.split())
    recupera(database, "backup", "one.zip")


async def test_a_backup_that_fails_leaves_no_file(
    desk: Desk, database: str, recupera: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile._ZipWriteFile, "write", fail)  # type: ignore[attr-defined]
    said = recupera(database, "backup", "one.zip", status=2)
    assert "error: can't write one.zip: No space left on device" in said.output
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".zip", ".part")] == []


def test_what_is_written_in_part_is_no_backup(tmp_path: Path) -> None:
    def write() -> None:
        with backups.being_written(tmp_path / "b.zip") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_help_has_an_example(command: str, recupera: Run) -> None:
    assert f"Example: recupera {command}" in recupera("sqlite:///x.db", command, "--help").stdout
