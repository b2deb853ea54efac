"""``recupera users``: who may sign in to the console."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.access.accounts import Accounts
    from api.commands.recorded import Note
    from api.store.accounts import AccountRecord
    from api.store.database import Connection, Store

T = TypeVar("T")
RoleName = Literal["agent", "manager", "engineer", "admin"]
_DATA: Final = typer.Option(help="Folder of the service's data; default recupera-data.")
_USERNAME: Final = typer.Argument(metavar="USER", help="The user name.")

users = typer.Typer(
    no_args_is_help=True, add_completion=False, context_settings={"help_option_names": ["-h", "--help"]}
)


@users.callback()
def group() -> None:
    """Look after the accounts of people who sign in to the console.

    Passwords are asked for, or read from standard input; never give one as an argument, which other users of the
    machine can read. A running service takes notice at once.

    Example: recupera users add ana --role admin
    """


@users.command("add")
def add(
    username: Annotated[str, _USERNAME],
    *,
    role: Annotated[RoleName, typer.Option(help="What the person may do.")] = "agent",
    name: Annotated[str, typer.Option(help="Name as others see it; default the user name.")] = "",
    data: Annotated[Path | None, _DATA] = None,
) -> None:
    """Make an account.

    agent: cases, messages, review. manager: figures, policy and exports besides. engineer: review, model, corrections
    for training. admin: everything, and the accounts.

    Example: recupera users add ana --name "Ana Souza" --role manager
    """
    from api.access.accounts import clean_username
    from api.access.passwords import check_password
    from api.access.scopes import Role

    cleaned = clean_username(username)
    password = _password()
    check_password(password, cleaned)

    async def work(store: Store, accounts: Accounts, note: Note) -> AccountRecord:
        return await accounts.add(store, cleaned, Role(role), password, name, also=_noted(note))

    made = _run(data, "users add", work, new=True)
    typer.echo(f"{made.username} may sign in as {made.role}", err=True)


@users.command("list")
def list_(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a user.")] = False,
    data: Annotated[Path | None, _DATA] = None,
) -> None:
    """Print the accounts.

    Example: recupera users list
    """
    from api.store import accounts as stored

    async def work(store: Store, _accounts: Accounts, _note: Note) -> list[AccountRecord]:
        async with store.read() as connection:
            return await stored.every(connection)

    found = _run(data, "users list", work)
    for account in found:
        typer.echo(_line(account, as_json=as_json))
    if not found:
        typer.echo("nobody yet: recupera users add --help", err=True)


@users.command("role")
def role_(
    username: Annotated[str, _USERNAME],
    role: Annotated[RoleName, typer.Argument(help="agent, manager, engineer or admin.")],
    *,
    data: Annotated[Path | None, _DATA] = None,
) -> None:
    """Give a user another role; it holds from their next page on.

    Example: recupera users role ana manager
    """
    from api.access.accounts import find, set_role
    from api.access.scopes import Role

    async def work(store: Store, _accounts: Accounts, note: Note) -> None:
        async with store.write() as connection:
            account = await find(connection, username)
            await set_role(connection, account, Role(role))
            await note(connection, account_id=account.id)

    _run(data, "users role", work)
    typer.echo(f"{username} is {role} now", err=True)


@users.command("password")
def password_(username: Annotated[str, _USERNAME], *, data: Annotated[Path | None, _DATA] = None) -> None:
    """Set the password of a user, and sign them out everywhere.

    Example: recupera users password ana
    """
    from api.access.accounts import find

    new = _password()

    async def work(store: Store, accounts: Accounts, note: Note) -> None:
        async with store.read() as connection:
            account = await find(connection, username)
        await accounts.set_password(store, account, new, also=_noted(note))

    _run(data, "users password", work)
    typer.echo(f"the password of {username} was set, and every browser signed out", err=True)


@users.command("remove")
def remove_(username: Annotated[str, _USERNAME], *, data: Annotated[Path | None, _DATA] = None) -> None:
    """Remove an account, and sign its owner out everywhere.

    What they did stays under their name. The last account can't be removed: without one the service would be open.

    Example: recupera users remove ana
    """
    from api.access.accounts import find, remove

    async def work(store: Store, _accounts: Accounts, note: Note) -> None:
        async with store.write() as connection:
            account = await find(connection, username)
            await remove(connection, account)
            await note(connection, account_id=account.id)

    _run(data, "users remove", work)
    typer.echo(f"{username} was removed", err=True)


def _noted(note: Note) -> Callable[[Connection, AccountRecord], Awaitable[None]]:
    """Return what writes down that a command was about an account."""

    async def write(connection: Connection, account: AccountRecord) -> None:
        await note(connection, account_id=account.id)

    return write


def _run(
    data: Path | None, command: str, work: Callable[[Store, Accounts, Note], Awaitable[T]], *, new: bool = False
) -> T:
    """Do something with the accounts of a database, which is made if ``new``; ``work`` writes down what it changes."""
    from api.access.accounts import Accounts
    from api.commands.recorded import record
    from api.errors import ConflictError, NotFoundError
    from api.settings import read_settings
    from api.store.database import Store, UnavailableError

    settings = read_settings({"data": data})
    url = settings.database_url
    if not new and url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise InputError(f"{settings.data} holds no database: name the service's folder by --data")

    async def go() -> T:
        store = await Store.open(url, settings.vault)
        accounts = Accounts.open(settings.signin)
        try:
            return await work(store, accounts, partial(record, settings=settings, command=command))
        finally:
            accounts.passwords.close()
            await store.close()

    try:
        return asyncio.run(go())
    except (ConflictError, NotFoundError, UnavailableError) as error:
        raise InputError(str(error)) from None


def _password() -> str:
    """Return a password: asked for twice on a terminal, else the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _line(account: AccountRecord, *, as_json: bool) -> str:
    """Return an account without its password."""
    seen = account.seen_at.isoformat(timespec="seconds") if account.seen_at else None
    if as_json:
        told = {"username": account.username, "name": account.name, "role": account.role, "signed_in_at": seen}
        return json.dumps({**told, "provider": account.subject is not None}, ensure_ascii=False)
    when = f"signed in {seen}" if seen else "never signed in"
    return f"{account.username:<24} {account.role:<9} {account.name}  ({when})"
