"""``recupera erase``."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.privacy.erasing import Erased
    from api.privacy.report import Report
    from api.settings import Settings
    from api.store.database import Store

_AGE: Final = re.compile(r"([1-9][0-9]{0,4})d")
_SHOWN: Final = 20


def erase(
    *,
    customer: Annotated[
        str | None, typer.Option(help="Id of the customer; - reads it from standard input, out of the shell's history.")
    ] = None,
    message: Annotated[str | None, typer.Option(help="Id of one message (message_id).")] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="All messages older than so many days, as in 730d.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased, and change nothing.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Erase a customer, a message, or what is old: words, names and addresses everywhere; labels and figures stay.

    A case of the customer that runs is cancelled, destinations are told by the event customer.erased, and a message
    that is delivered once more stays away. Then all that is stored is searched for what should be gone. The service
    may run meanwhile. Backups and exports that you made keep what they have. Exit status 1 if something is still
    found.

    Example: recupera erase --customer c-77 --dry-run

    Example: recupera erase --older-than 730d
    """
    from api.settings import read_settings

    if sum(given is not None for given in (customer, message, older_than)) != 1:
        raise InputError("say what to erase: one of --customer, --message, --older-than")
    if customer == "-":
        customer = sys.stdin.readline().rstrip("\n")
    if customer == "":
        raise InputError("a customer without an id can't be told from others")
    wanted = (customer, message, None if older_than is None else _days(older_than))
    report = asyncio.run(_erase(read_settings({"data": data}), *wanted, dry=dry_run))
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        _print(report)
    if report.found:
        raise typer.Exit(1)


def _days(written: str) -> timedelta:
    match = _AGE.fullmatch(written)
    if match is None:
        raise InputError("--older-than takes a number of days, as in 730d")
    return timedelta(days=int(match[1]))


async def _erase(
    settings: Settings, customer: str | None, message: str | None, age: timedelta | None, *, dry: bool
) -> Report:
    from api.commands.recorded import recorded
    from api.errors import NotFoundError
    from api.privacy.report import proven, would_be
    from api.store.database import Store, UnavailableError

    url = settings.database_url
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise InputError(f"{settings.data} holds no database: name the service's folder by --data")
    store = await Store.open(url, settings.vault)
    now = datetime.now(UTC)
    try:
        if dry:
            return would_be(await _erased(store, customer, message, age, now, dry=True))
        async with recorded(store, settings, "erase") as deed:
            erased = await _erased(store, customer, message, age, now, dry=False)
            report = await proven(store, url, settings.vault, erased, at=now)
            deed.ids["erasure_id"], deed.whole = str(report.erasure_id), not report.found
            return report
    except NotFoundError as error:
        raise InputError(str(error)) from None
    except UnavailableError as error:
        raise InputError(f"{error}; what is erased stays so: run it again for the rest") from None
    finally:
        await store.close()


async def _erased(
    store: Store, customer: str | None, message: str | None, age: timedelta | None, now: datetime, *, dry: bool
) -> Erased:
    from api.privacy.erasing import erase_customer, erase_message, erase_older

    if customer is not None:
        return await erase_customer(store, customer, at=now, dry=dry)
    if message is not None:
        return await erase_message(store, message, at=now, dry=dry)
    assert age is not None  # noqa: S101 - one of the three is given
    return await erase_older(store, now - age, at=now, dry=dry)


def _print(report: Report) -> None:
    did = "would be erased" if report.dry_run else "erased"
    rows = ", ".join(f"{table} {count}" for table, count in report.removed.items())
    typer.echo(f"{did}, rows by table: {rows or 'nothing'}")
    if report.cases_ended or report.cases_shared:
        typer.echo(f"cases that ran, cancelled: {report.cases_ended}; left to other customers: {report.cases_shared}")
    if report.dry_run:
        return
    for file, done in report.cleaned.items():
        typer.echo(f"{file}: {done}")
    if report.told:
        typer.echo(f"told to erase: {', '.join(report.told)}")
    if report.not_told:
        typer.echo(f"knew of it and don't ask for customer.erased, tell them yourself: {', '.join(report.not_told)}")
    _print_search(report)
    typer.echo(f"erasure {report.erasure_id}")


def _print_search(report: Report) -> None:
    if not report.searched_for:
        return
    where = f"{report.rows:,} rows of {report.tables} tables" + (f", {report.files} files" if report.files else "")
    found = f"{len(report.found)} places" if report.found else "nothing"
    short = f" ({report.left_out} more are too short to look for)" if report.left_out else ""
    typer.echo(f"{report.searched_for} names and numbers{short} looked for in {where}: {found}")
    for place in report.found[:_SHOWN]:
        typer.echo(f"still there: {place.where} {place.key}: {', '.join(place.kinds)}")
