"""``recupera inbox``: mailboxes whose mail is tagged by what it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.commands.moments import day
from classifier.errors import InputError

if TYPE_CHECKING:
    from api.channels.email.report import Report
    from api.channels.email.settings import InboxSettings

_FAILED: Final = 1
_HERE: Final = ("localhost", "127.0.0.1", "::1")

Config = Annotated[Path, typer.Option("--config", help="File with the tables of the mailboxes.")]
Names = Annotated[list[str] | None, typer.Option("--inbox", help="Only the mailbox of this name; may be repeated.")]
Data = Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")]
Model = Annotated[Path | None, typer.Option(help="Model directory; default RECUPERA_MODEL, then ours.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]

inbox = typer.Typer(
    no_args_is_help=True, add_completion=False, context_settings={"help_option_names": ["-h", "--help"]}
)


@inbox.callback()
def group() -> None:
    """Follow mailboxes over IMAP: each mail gets tags that say why, how grave, how unfair.

    Example: recupera inbox check, then recupera inbox run
    """


@inbox.command("run")
def run(
    *,
    config: Config = Path("recupera.toml"),
    once: Annotated[bool, typer.Option("--once", help="Handle what is there, then end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Handle what is there, write and keep nothing, say what would be.")
    ] = False,
    names: Names = None,
    data: Data = None,
    model: Model = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the mailboxes until told to stop: new mail is tagged as it arrives, corrections are heard.

    A mail is read once, whatever happens in between. Exit status 1 if a mailbox failed with --once or --dry-run.

    Example: recupera inbox run --config recupera.toml --once
    """
    from api.channels.email import runs
    from api.channels.email.settings import read_inboxes
    from api.observability import configure_logging
    from api.settings import read_settings

    inboxes = read_inboxes(config, names or ())
    settings = read_settings({"data": data, "model": model, "log_level": log_level}, config)
    configure_logging(settings.log_level)
    _warn(inboxes)
    if once or dry_run:
        reports, failed = asyncio.run(runs.once_all(settings, inboxes, dry=dry_run))
        _print(reports, as_json=as_json)
        raise typer.Exit(_FAILED if failed else 0)
    _print(asyncio.run(runs.follow_all(settings, inboxes)), as_json=as_json)


@inbox.command("backfill")
def backfill(
    *,
    config: Config = Path("recupera.toml"),
    since: Annotated[
        date | None, typer.Option(parser=day, metavar="DAY", help="Only mail received on this day or later.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(help="Another folder than the setting's, an archive for instance.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Store messages and open cases too, as for mail that arrives today.")
    ] = False,
    names: Names = None,
    data: Data = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Tag the mail of an old mailbox. Stop it whenever you like: the next time it goes on from there.

    Mail that shadow mode has only classified gets its tags.

    Example: recupera inbox backfill --since 2026-01-01
    """
    from api.channels.email import runs
    from api.channels.email.settings import read_inboxes
    from api.commands.recorded import recorded_apart
    from api.observability import configure_logging
    from api.settings import read_settings

    inboxes = [
        inbox.model_copy(update={"folder": folder or inbox.folder}) for inbox in read_inboxes(config, names or ())
    ]
    settings = read_settings({"data": data, "model": model}, config)
    configure_logging(settings.log_level)
    with recorded_apart(settings, "inbox backfill") as deed:
        reports, failed = asyncio.run(runs.back_fill_all(settings, inboxes, since, keep=keep))
        deed.whole = not failed
    _print(reports, as_json=as_json)
    raise typer.Exit(_FAILED if failed else 0)


@inbox.command("report")
def report(
    *, config: Config = Path("recupera.toml"), names: Names = None, data: Data = None, as_json: AsJson = False
) -> None:
    """Say what was read so far: how many complaints, how grave, what was parked and why.

    Example: recupera inbox report --json
    """
    from api.channels.email import runs
    from api.channels.email.settings import read_inboxes
    from api.settings import read_settings

    inboxes = read_inboxes(config, names or ())
    _print(asyncio.run(runs.stored_reports(read_settings({"data": data}, config), inboxes)), as_json=as_json)


@inbox.command("check")
def check(
    *,
    config: Config = Path("recupera.toml"),
    names: Names = None,
    host: Annotated[str | None, typer.Option(help="Server to look at before there is a file; with --username.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 993, then 143, if none is given.")] = 0,
    username: Annotated[str | None, typer.Option(help="User name on that server.")] = None,
    password_env: Annotated[str, typer.Option(help="Environment variable with the password.")] = "INBOX_PASSWORD",  # noqa: S107
) -> None:
    """Connect, change nothing, say what is there and what to write in recupera.toml.

    Exit status 1 if a mailbox can't be followed as it is set.

    Example: INBOX_PASSWORD=… recupera inbox check --host imap.example.org --username soporte@example.org
    """
    from api.channels.email.check import by_token, examined, proposal, tried_settings
    from api.channels.email.connection import RefusedError
    from api.channels.email.settings import read_inboxes

    if (host is None) != (username is None):
        raise InputError("--host and --username go together")
    if host is not None and username is not None:
        try:
            found = tried_settings(host, username, password_env, port)
        except RefusedError:
            if (settings := by_token(host, username)) is not None:
                typer.echo(f"{host} may want OAuth 2.0 instead of a password:\n\n{settings}")
            raise
        typer.echo(proposal(found))
        inboxes = [found]
    else:
        inboxes = read_inboxes(config, names or ())
    good = [_told(examined(inbox)) for inbox in inboxes]
    raise typer.Exit(0 if all(good) else _FAILED)


def _told(lines: tuple[bool, list[str]]) -> bool:
    """Print what was found of one mailbox; return whether it can be followed."""
    for line in lines[1]:
        typer.echo(line)
    return lines[0]


def _warn(inboxes: Sequence[InboxSettings]) -> None:
    """Say what is dangerous."""
    for each in inboxes:
        if each.tls == "none" and each.host not in _HERE:
            typer.echo(f"warning: inbox {each.name!r}: without TLS the password crosses the network in clear", err=True)


def _print(reports: Sequence[Report], *, as_json: bool) -> None:
    """Print reports, as tables or as JSON."""
    from rich.console import Console

    from api.channels.email.report import shown

    if as_json:
        typer.echo(json.dumps([report.to_dict() for report in reports], ensure_ascii=False))
        return
    console = Console()
    for each in reports:
        console.print(shown(each))
