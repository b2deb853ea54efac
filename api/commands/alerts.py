"""``recupera alerts``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.early_warning.watch import Look
    from api.settings import Settings
    from api.store.alerts import AlertRecord


def alerts(
    *,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a rise.")] = False,
    look: Annotated[
        bool, typer.Option("--look/--no-look", help="Look for rises first, as the service does at every interval.")
    ] = True,
    lang: Annotated[Literal["es", "pt", "en"], typer.Option(help="Language of the sentences.")] = "en",
) -> None:
    """Look for unusual rises of complaints, and print those that last.

    Each rise is raised once, stored, and told to the destinations of alert.raised by the running service. A service
    looks by itself; use this with cron where RECUPERA_ALERTS_ENABLED is false, or to look now.

    Example: recupera alerts --data recupera-data --lang es
    """
    from api.settings import read_settings

    seen, rising = asyncio.run(_alerts(read_settings({"data": data}), look=look))
    if seen is not None and not seen.enough:
        typer.echo(f"too early to say: complaints of {seen.days} days are known", err=True)
    for alert in rising:
        typer.echo(_line(alert, lang, as_json=as_json))
    if not rising:
        typer.echo("nothing rises unusually", err=True)


async def _alerts(settings: Settings, *, look: bool) -> tuple[Look | None, list[AlertRecord]]:
    """Look, if wanted, and return what rises."""
    from datetime import UTC, datetime

    from api.commands.recorded import recorded
    from api.early_warning import watch
    from api.store import alerts as stored
    from api.store.database import Store, database_url

    setting = settings.database.get_secret_value() if settings.database else None
    url = database_url(setting, settings.data)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise InputError(f"{settings.data} holds no database: name the service's folder by --data")
    store = await Store.open(url, settings.vault)
    try:
        seen = None
        if look:
            async with recorded(store, settings, "alerts"):
                seen = await watch.look(store, settings.alerts, datetime.now(UTC))
        async with store.read() as connection:
            return seen, await stored.open_now(connection)
    finally:
        await store.close()


def _line(alert: AlertRecord, language: str, *, as_json: bool) -> str:
    from api.early_warning.wording import sentence
    from api.store.rows import values

    if as_json:
        return json.dumps(values(alert), ensure_ascii=False, default=lambda moment: moment.isoformat())
    return f"{alert.since:%Y-%m-%d %H:%M}Z  {sentence(alert, language)}"
