"""What ``recupera demo --console`` does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import typer

from api.commands.recorded import record, recorded
from api.demo.filling import fill, samples_of
from api.planning import PolicyPlanner
from api.recovery import default_policy, read_policy
from api.settings import Settings
from api.store import samples
from api.store.database import Store, UnavailableError
from classifier import ComplaintClassifier
from classifier.errors import InputError
from classifier.progress import counted

__all__ = ["change_samples"]


def change_samples(settings: Settings, count: int) -> None:
    """Put ``count`` samples into the service's data; take all out if it is 0.

    Raise ``InputError`` if there are samples already, or the data can't be reached.
    """
    asyncio.run(_change(settings, count))


async def _change(settings: Settings, count: int) -> None:
    store = await Store.open(settings.database_url, settings.vault)
    try:
        if count == 0:
            async with store.write() as connection:
                removed = await samples.remove(connection)
                await record(connection, settings=settings, command="demo --console --remove")
            typer.echo(f"{removed} sample messages removed, with their cases")
        else:
            await _add(store, settings, count)
    except UnavailableError as error:
        raise InputError(str(error)) from None
    finally:
        await store.close()


async def _add(store: Store, settings: Settings, count: int) -> None:
    async with store.read() as connection:
        if await samples.count(connection):
            raise InputError("there are samples already: take them out first by --remove")
    policy = default_policy() if settings.policy is None else read_policy(settings.policy)
    classifier = ComplaintClassifier.from_pretrained(
        settings.model, precision=settings.precision, threads=settings.threads
    )
    now = datetime.now(UTC)
    with counted("samples", count) as advance:
        async with recorded(store, settings, "demo --console"):
            await fill(store, classifier, PolicyPlanner(policy), samples_of(count, now), now=now, advance=advance)
    typer.echo(f"{count} sample messages added; recupera demo --console --remove takes them out again")
