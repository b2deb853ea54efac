from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.batching import Batcher
from api.channels.email.judging import Alone, Kept
from api.channels.email.session import Desk
from api.channels.email.settings import InboxSettings
from api.channels.email.writing import writer_of
from api.intake import Intake
from api.store.database import Store, database_url
from tests.api.channels.email import dovecot as dovecots
from tests.api.channels.email.dovecot import PASSWORD, Dovecot
from tests.api.conftest import Marked, Steady


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """Start a real Dovecot, once for all tests of a worker."""
    why = dovecots.why_not()
    if why is not None:
        pytest.skip(why)
    yield from dovecots.running()


@pytest.fixture
def user() -> str:
    """Return a user with an empty mailbox."""
    return f"user{uuid.uuid4().hex[:12]}@example.org"


@pytest.fixture
def inbox(dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch) -> InboxSettings:
    """Return the settings of that user's mailbox."""
    monkeypatch.setenv("INBOX_PASSWORD", PASSWORD)
    dovecot.client(user).logout()
    return InboxSettings(
        name="soporte",
        host="127.0.0.1",
        port=dovecot.port,
        tls="none",
        username=user,
        password_env="INBOX_PASSWORD",
        poll_seconds=0.3,
    )


class Counting(Marked):
    """Counts the texts that it was asked about; one with ``veneno`` in it is more than it can bear."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def predict(self, texts: Any, **options: Any) -> Any:
        if any("veneno" in text for text in texts):
            raise ValueError("veneno")
        self.texts += texts
        return super().predict(texts, **options)


@dataclass
class Office:
    """A database and a stand-in model, to work on mailboxes with."""

    store: Store
    kept: Kept
    alone: Alone
    model: Counting

    def desk(self, inbox: InboxSettings, **settings: Any) -> Desk:
        changed = InboxSettings.model_validate({**inbox.model_dump(), **settings})
        return Desk(changed, self.store, self.kept if changed.store else self.alone, writer_of(changed))


@pytest.fixture
async def office(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Office]:
    store = await Store.open(database_url(None, tmp_path / "data"))
    model = Counting()
    batcher = Batcher(model, size=64, wait_seconds=0.001, capacity=2048)
    intake = await Intake.start(store, batcher, Steady(), capacity=2048)
    yield Office(store, Kept(intake, store), Alone(batcher), model)
    batcher.close()
    await store.close()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that a server's own user can read; pytest's are for this user alone."""
    folder = Path(tempfile.mkdtemp(prefix="recupera-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
