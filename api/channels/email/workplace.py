"""What mailboxes are worked on with: database, model and intake, opened once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from api.batching import Batcher
from api.channels.email.judging import Alone, Kept
from api.channels.email.session import Desk
from api.channels.email.settings import InboxSettings
from api.channels.email.writing import writer_of
from api.intake import Intake
from api.planning import PolicyPlanner
from api.recovery import default_policy, read_policy
from api.settings import Settings
from api.store.database import Store, database_url
from classifier import ComplaintClassifier

__all__ = ["Workplace", "looked_at", "opened"]


@dataclass(frozen=True, slots=True)
class Workplace:
    """The database of the service, and who decides on mail."""

    store: Store
    kept: Kept
    alone: Alone
    dry: bool

    def desk(self, inbox: InboxSettings, others: Sequence[InboxSettings] = (), *, keep: bool | None = None) -> Desk:
        """Return what one mailbox, beside ``others``, is worked on with; ``keep`` overrides its setting ``store``."""
        keep = inbox.store if keep is None else keep
        writer = None if self.dry else writer_of(inbox)
        siblings = tuple(other.name for other in others if other.account == inbox.account and other.name != inbox.name)
        judge = self.kept if keep and not self.dry else self.alone
        return Desk(inbox, self.store, judge, writer, siblings=siblings)

    def desks(self, inboxes: Sequence[InboxSettings]) -> list[Desk]:
        """Return one for each mailbox."""
        return [self.desk(inbox, inboxes) for inbox in inboxes]


@asynccontextmanager
async def opened(settings: Settings, *, dry: bool = False) -> AsyncIterator[Workplace]:
    """Open everything. A ``dry`` one notes what it did in a database that is thrown away, and keeps no message."""
    async with AsyncExitStack() as stack:
        url = database_url(_setting(settings), settings.data)
        if dry:
            folder = stack.enter_context(TemporaryDirectory(prefix="recupera-inbox-"))
            url = database_url(None, Path(folder))
        store = await Store.open(url, settings.vault)
        stack.push_async_callback(store.close)
        model = await asyncio.to_thread(
            ComplaintClassifier.from_pretrained,
            settings.model,
            precision=settings.precision,
            threads=settings.threads,
        )
        wait = settings.batch_wait_ms / 1000
        batcher = Batcher(
            model,
            size=settings.batch_size,
            wait_seconds=wait,
            capacity=settings.queue_size,
            effort=settings.always,
        )
        stack.push_async_callback(asyncio.to_thread, batcher.close)
        policy = default_policy() if settings.policy is None else read_policy(settings.policy)
        intake = await Intake.start(store, batcher, PolicyPlanner(policy), capacity=settings.queue_size)
        yield Workplace(store, Kept(intake, store), Alone(batcher), dry=dry)


async def looked_at(settings: Settings) -> Store:
    """Open the service's database to look, never to write."""
    return await Store.inspect(database_url(_setting(settings), settings.data), settings.vault)


def _setting(settings: Settings) -> str | None:
    return settings.database.get_secret_value() if settings.database else None
