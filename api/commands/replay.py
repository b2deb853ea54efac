"""``recupera replay``: deliveries begun again."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from api.settings import Settings
    from api.store.database import Connection, Store
    from api.store.deliveries import DeliveryRecord

    Begin: TypeAlias = Callable[[Connection, str, datetime], Awaitable[object]]


def replay(
    deliveries: Annotated[list[str] | None, typer.Argument(metavar="DELIVERY", help="Ids of deliveries.")] = None,
    *,
    dead: Annotated[
        bool, typer.Option("--dead", help="All dead letters: what was given up after the last try.")
    ] = False,
    destination: Annotated[str | None, typer.Option(help="Only those of this destination, by its id.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="List one JSON object a dead letter.")] = False,
) -> None:
    """Begin deliveries again: those named, or all dead letters; without either, list the dead letters.

    The running service sends them at once, each with its first webhook-id, so that who got one before can tell. What a
    disabled or deleted destination did not get stays dead, with exit status 1: enable the destination first.

    Example: recupera replay, then recupera replay --dead --destination 01J9…
    """
    from api.commands.stored import inspected
    from api.settings import read_settings

    settings = read_settings({"data": data})
    if deliveries and (dead or destination):
        raise InputError("name deliveries, or --dead, not both")

    async def listed() -> list[DeliveryRecord]:
        async with inspected(settings) as connection:
            return await _dead(connection, destination)

    found = asyncio.run(listed())
    if not found and not deliveries:
        typer.echo("no dead letters", err=True)
        return
    if not deliveries and not dead:
        for delivery in found:
            typer.echo(_as_json(delivery) if as_json else _line(delivery))
        return
    refused = asyncio.run(_begin_again(settings, deliveries or (), sorted({one.destination_id for one in found})))
    for reason in refused:
        typer.echo(reason, err=True)
    if refused:
        raise typer.Exit(1)


async def _begin_again(settings: Settings, named: Sequence[str], destinations: Sequence[str]) -> list[str]:
    """Begin deliveries again, those named or all dead ones of ``destinations``; return what was refused, and why."""
    from api.commands.recorded import recorded
    from api.delivery.destinations import replay, replay_dead
    from api.store.database import Store, UnavailableError

    refused = []
    begin: Begin = replay if named else replay_dead
    what, ids = ("delivery", named) if named else ("destination", destinations)
    try:
        store = await Store.open(settings.database_url, settings.vault)
    except UnavailableError as error:
        raise InputError(str(error)) from None
    try:
        async with recorded(store, settings, "replay") as deed:
            for name in ids:
                try:
                    done = await _begun(store, begin, name)
                except InputError as error:
                    refused.append(f"{what} {name}: {error}")
                    continue
                deed.ids[f"{what}_id"] = name
                count = f"{done} of " if isinstance(done, int) else ""
                typer.echo(f"begun again: {count}{what} {name}", err=True)
            deed.whole = not refused
    finally:
        await store.close()
    return refused


async def _begun(store: Store, begin: Begin, name: str) -> object:
    """Begin something again in a transaction of its own; raise ``InputError`` if it is refused."""
    from api.errors import ConflictError, NotFoundError

    try:
        async with store.write() as connection:
            return await begin(connection, name, datetime.now(UTC))
    except (ConflictError, NotFoundError) as error:
        raise InputError(str(error)) from None


async def _dead(connection: Connection, destination: str | None) -> list[DeliveryRecord]:
    """Return all dead letters, newest first."""
    from api.store import deliveries
    from api.store.deliveries import DeliveryFilter, DeliveryStatus

    wanted = DeliveryFilter(destination_id=destination, status=DeliveryStatus.DEAD)
    found: list[DeliveryRecord] = []
    while part := await deliveries.page(connection, wanted, before=found[-1].id if found else None, limit=500):
        found += part
    return found


def _line(delivery: DeliveryRecord) -> str:
    given_up = f"{delivery.finished_at:%Y-%m-%d %H:%M}Z" if delivery.finished_at else ""
    why = delivery.error or delivery.response_status or ""
    return (
        f"{delivery.id}  {delivery.type:20}  to {delivery.destination_id}  {given_up}  {delivery.attempts} tries  {why}"
    )


def _as_json(delivery: DeliveryRecord) -> str:
    from api.store.rows import values

    return json.dumps(values(delivery), ensure_ascii=False, default=lambda moment: moment.isoformat())
