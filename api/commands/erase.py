"""``recupera erase``."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.privacy.copies.cleaning import Cleaned
    from api.privacy.erasing import Erased
    from api.privacy.report import Report
    from api.settings import Settings
    from api.store.database import Store

_AGE: Final = re.compile(r"([1-9][0-9]{0,4})d")
_SHOWN: Final = 20
_Wanted = tuple[str | None, str | None, timedelta | None]
"""A customer, a message or an age: one of them, or none."""


def erase(
    *,
    customer: Annotated[
        str | None, typer.Option(help="Id of the customer; - reads it from standard input, out of the shell's history.")
    ] = None,
    message: Annotated[str | None, typer.Option(help="Id of one message (message_id).")] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="All messages older than so many days, as in 730d.")
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--file", help="A moved, copied or downloaded export to clean too: JSONL, CSV, Parquet. Repeatable."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased, and change nothing.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Erase a customer, a message, or what is old: words, names and addresses everywhere; labels and figures stay.

    A case of the customer that runs is cancelled, destinations are told by the event customer.erased, and a message
    that is delivered once more stays away. Files that recupera export wrote on this machine, and those named by --file,
    lose the lines of every message that was ever erased. Then all that is stored, and these files, are searched for
    what should be gone. The service may run meanwhile. Backups keep what they have. Exit status 1 if something is still
    found, or a file could not be cleaned.

    Example: recupera erase --customer c-77 --dry-run

    Example: recupera erase --older-than 730d

    Example: recupera erase --file downloads/export.csv
    """
    from api.settings import read_settings

    given, named = sum(one is not None for one in (customer, message, older_than)), file or []
    if given > 1 or not (given or named):
        raise InputError("say what to erase: one of --customer, --message, --older-than, with --file or --file alone")
    if customer == "-":
        customer = sys.stdin.readline().rstrip("\r\n")
    if customer == "":
        raise InputError("a customer without an id can't be told from others")
    wanted: _Wanted = (customer, message, None if older_than is None else _days(older_than))
    report = asyncio.run(_erase(read_settings({"data": data}), wanted, named, dry=dry_run))
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        _print(report)
    if customer is not None and not report.removed:
        typer.echo("warning: no message and no case of a customer with this id is stored", err=True)
    if report.is_left:
        raise typer.Exit(1)


def _days(written: str) -> timedelta:
    match = _AGE.fullmatch(written)
    if match is None:
        raise InputError("--older-than takes a number of days, as in 730d")
    return timedelta(days=int(match[1]))


async def _erase(settings: Settings, wanted: _Wanted, named: Sequence[Path], *, dry: bool) -> Report:
    from api.commands.recorded import recorded
    from api.errors import NotFoundError
    from api.privacy.copies.cleaning import check_named
    from api.privacy.report import proven, would_be
    from api.store.database import Store, UnavailableError

    url = settings.database_url
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise InputError(f"{settings.data} holds no database: name the service's folder by --data")
    for path in named:
        check_named(path)
    store = await Store.open(url, settings.vault)
    now = datetime.now(UTC)
    try:
        if dry:
            return await would_be(store, await _erased(store, wanted, now, dry=True), named)
        async with recorded(store, settings, "erase") as deed:
            erased = await _erased(store, wanted, now, dry=False)
            report = await proven(store, url, settings.vault, erased, at=now, named=named)
            deed.ids["erasure_id"], deed.whole = str(report.erasure_id), not report.is_left
            return report
    except NotFoundError as error:
        raise InputError(str(error)) from None
    except UnavailableError as error:
        raise InputError(f"{error}; what is erased stays so: run it again for the rest") from None
    finally:
        await store.close()


async def _erased(store: Store, wanted: _Wanted, now: datetime, *, dry: bool) -> Erased:
    from api.privacy.erasing import Erased, erase_customer, erase_message, erase_older

    customer, message, age = wanted
    if customer is not None:
        return await erase_customer(store, customer, at=now, dry=dry)
    if message is not None:
        return await erase_message(store, message, at=now, dry=dry)
    if age is not None:
        return await erase_older(store, now - age, at=now, dry=dry)
    return Erased("files")


def _print(report: Report) -> None:
    did = "would be erased" if report.dry_run else "erased"
    rows = ", ".join(f"{table} {count}" for table, count in report.removed.items())
    typer.echo(f"{did}, rows by table: {rows or 'nothing'}")
    if report.cases_ended or report.cases_shared:
        typer.echo(f"cases that ran, cancelled: {report.cases_ended}; left to other customers: {report.cases_shared}")
    _print_exports(report)
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


def _print_exports(report: Report) -> None:
    """Say what became of each file; those that are not there, which may be many, last and not all."""
    away = [file for file in report.exports if file.state in ("absent", "elsewhere")]
    for file in report.exports:
        if file not in away:
            typer.echo(_told(file, dry=report.dry_run))
    for file in away[:_SHOWN]:
        typer.echo(_told(file, dry=report.dry_run))
    if len(away) > _SHOWN:
        typer.echo(f"{len(away) - _SHOWN} more exports are not there: --json names them")
    for one in report.downloads:
        told = f"exports that {one.kind} {one.name} took away: {one.count}, the last at {one.last}"
        typer.echo(f"{told}; they may hold it, clean them by --file")


def _told(file: Cleaned, *, dry: bool) -> str:
    if file.state == "absent":
        return f"{file.path}: not there: if you moved it, name it by --file (written {file.at} by {file.made_by})"
    if file.state == "elsewhere":
        return f"{file.path}: written on {file.host}: run it there too (written {file.at} by {file.made_by})"
    if file.state == "failed":
        return f"{file.path}: not cleaned: {file.problem}"
    said = [f"{file.removed} lines {'would be ' if dry else ''}taken out"]
    if file.unreadable:
        more = ", …" if file.unreadable > len(file.unread) else ""
        said.append(f"{file.unreadable} left that can't be read: line {', '.join(map(str, file.unread))}{more}")
    return f"{file.path}: {'; '.join([*said, *filter(None, [file.problem])])}"


def _print_search(report: Report) -> None:
    if not report.searched_for:
        return
    where = f"{report.rows:,} rows of {report.tables} tables" + (f", {report.files} files" if report.files else "")
    found = f"{len(report.found)} places" if report.found else "nothing"
    short = f" ({report.left_out} more are too short to look for)" if report.left_out else ""
    typer.echo(f"{report.searched_for} names and numbers{short} looked for in {where}: {found}")
    for place in report.found[:_SHOWN]:
        typer.echo(f"still there: {place.where} {place.key}: {', '.join(place.kinds)}")
