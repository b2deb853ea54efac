"""``recupera keys``: who may use the service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.access.scopes import Scope
from classifier.errors import InputError

if TYPE_CHECKING:
    from api.commands.recorded import Note
    from api.settings import Settings
    from api.store.database import Connection
    from api.store.keys import KeyRecord

T = TypeVar("T")
Data = Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Its id, its prefix (rcp_ and 8 more), or its name.")]
_BY = "command line"

keys = typer.Typer(no_args_is_help=True, add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@keys.callback()
def group() -> None:
    """Make keys for programs, change and revoke them; a running service knows within two seconds.

    Until the first key or account is made a service on 127.0.0.1 is open to this machine, and one on any other address
    answers nobody.

    Example: recupera keys create --name crm --scope ingest, then recupera keys list
    """


@keys.command("create")
def create(
    *,
    name: Annotated[str, typer.Option(help="What it is for, 1 to 64 characters.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be repeated.")],
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="It expires after so many days.")] = None,
    requests: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="Requests a minute; default access.requests.")
    ] = None,
    data: Data = None,
) -> None:
    """Make a key, and print it: on standard output, this once. Keep it where secrets are kept.

    Scopes: classify (label texts), ingest (hand in messages), read, write (correct, complete, close), admin (keys,
    accounts, destinations, erasures, trail). None includes another.

    Example: recupera keys create --name crm --scope ingest --scope read --days 365
    """
    from api.access import keys as made
    from api.schemas import storable

    name = storable(name.strip())
    if not 1 <= len(name) <= made.LONGEST_NAME:
        raise InputError(f"--name: 1 to {made.LONGEST_NAME} characters")
    now = datetime.now(UTC)
    expires = None if days is None else now + timedelta(days=days)
    wanted = made.Wanted(name, scope, expires, requests)

    async def make(connection: Connection, note: Note) -> tuple[KeyRecord, str]:
        record, token = await made.create(connection, wanted, by=_BY, now=now)
        await note(connection, key_id=record.id)
        return record, token

    _hand_out(*_changed(data, "keys create", make))


@keys.command("list")
def show(
    *, data: Data = None, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a key.")] = False
) -> None:
    """List all keys ever made, newest first: the first characters of each, never the key.

    Example: recupera keys list --json
    """
    from api.access.keys import state_of
    from api.settings import read_settings

    now = datetime.now(UTC)
    found = asyncio.run(_every(read_settings({"data": data})))
    for key in found:
        state = state_of(key, now)
        typer.echo(_as_json(key, state) if as_json else _line(key, state))
    if not found:
        typer.echo("no key was made yet", err=True)


@keys.command("rotate")
def rotate(
    key: Key,
    *,
    grace_hours: Annotated[float, typer.Option(min=0, max=720, help="How long the old one still works.")] = 24,
    data: Data = None,
) -> None:
    """Make a new key that may do the same, and print it; the old one works until the grace is over.

    Example: recupera keys rotate crm --grace-hours 48
    """
    from api.access import keys as made

    now, grace = datetime.now(UTC), timedelta(hours=grace_hours)

    async def change(connection: Connection, note: Note) -> tuple[KeyRecord, str]:
        old = await _the_one(connection, key, now)
        record, token = await made.rotate(connection, old.id, by=_BY, now=now, grace=grace)
        await note(connection, key_id=record.id, rotated_from=old.id)
        return record, token

    _hand_out(*_changed(data, "keys rotate", change))


@keys.command("revoke")
def revoke(key: Key, *, data: Data = None) -> None:
    """Have a key open nothing any more; a running service refuses it within two seconds.

    Example: recupera keys revoke rcp_4fX9aB2c
    """
    from api.access import keys as made

    now = datetime.now(UTC)

    async def end(connection: Connection, note: Note) -> KeyRecord:
        record = await made.revoke(connection, (await _the_one(connection, key, now)).id, now=now)
        await note(connection, key_id=record.id)
        return record

    revoked = _changed(data, "keys revoke", end)
    typer.echo(f"revoked: {revoked.prefix}… ({revoked.name})", err=True)


async def _the_one(connection: Connection, named: str, now: datetime) -> KeyRecord:
    """Return the key that somebody means; raise ``InputError`` if it is none, or could be several."""
    from api.access.tokens import PREFIX_LENGTH, is_well_formed
    from api.store import keys as stored

    name = named[:PREFIX_LENGTH] if is_well_formed(named) else named
    found = [key for key in await stored.named(connection, name) if key.is_usable(now)]
    if not found:
        raise InputError("there is no such key that still opens anything: see recupera keys list")
    if len(found) > 1:
        prefixes = ", ".join(key.prefix for key in found)
        raise InputError(f"several keys have this name; say which by its prefix: {prefixes}")
    return found[0]


def _changed(data: Path | None, command: str, work: Callable[[Connection, Note], Awaitable[T]]) -> T:
    """Return what ``work`` makes of the database, which is made if there is none; it writes down what it changes."""
    from api.commands.recorded import record
    from api.errors import ConflictError, NotFoundError
    from api.settings import read_settings
    from api.store.database import Store, UnavailableError

    async def done(settings: Settings) -> T:
        store = await Store.open(settings.database_url, settings.vault)
        try:
            async with store.write() as connection:
                return await work(connection, partial(record, settings=settings, command=command))
        except (ConflictError, NotFoundError, UnavailableError) as error:
            raise InputError(str(error)) from None
        finally:
            await store.close()

    return asyncio.run(done(read_settings({"data": data})))


async def _every(settings: Settings) -> list[KeyRecord]:
    from api.commands.stored import inspected
    from api.store import keys as stored

    found: list[KeyRecord] = []
    async with inspected(settings) as connection:
        while part := await stored.page(connection, before=found[-1].id if found else None, limit=200):
            found += part
    return found


def _hand_out(key: KeyRecord, token: str) -> None:
    """Print a new key on standard output, and all about it beside."""
    until = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "until it is revoked"
    typer.echo(f"{key.name}: {', '.join(key.scopes)}; {until}. This is the only time that it is shown:", err=True)
    typer.echo(token)


def _line(key: KeyRecord, state: str) -> str:
    used = f"used {key.used_at:%Y-%m-%d %H:%M}Z" if key.used_at else "never used"
    until = f"until {key.expires_at:%Y-%m-%d %H:%M}Z" if key.expires_at else "no end"
    return f"{key.prefix}…  {state:8}{until:24}{used:24}{','.join(key.scopes):24}{key.name}"


def _as_json(key: KeyRecord, state: str) -> str:
    from api.store.rows import values

    shown = {name: value for name, value in values(key).items() if name != "digest"}
    return json.dumps({**shown, "state": state}, ensure_ascii=False, default=lambda moment: moment.isoformat())
