"""``recupera reencrypt``."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.settings import Settings


def reencrypt(
    *,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
) -> None:
    """Bring stored messages to what the settings say: encrypted by the newest key, or clear.

    To begin: set RECUPERA_SECRET_KEY and privacy.encrypt, start the service, run this. To change the key: put the new
    one before the old one, start the service again, run this, and take the old one away. To end: set privacy.encrypt
    to false, start again, run this. The service may run meanwhile; begun again, it goes on where it was.

    Example: recupera reencrypt --data recupera-data
    """
    from api.settings import read_settings

    settings = read_settings({"data": data})
    changed = asyncio.run(_reencrypt(settings))
    rows = ", ".join(f"{table} {count}" for table, count in sorted(changed.items()))
    state = "encrypted by the newest key" if settings.privacy.encrypt else "clear"
    typer.echo(f"messages are {state}; rows changed: {rows or 'none'}")


async def _reencrypt(settings: Settings) -> Counter[str]:
    from api.commands.recorded import recorded
    from api.store import seals
    from api.store.cleaning import clean
    from api.store.database import Store, UnavailableError

    url, vault = settings.database_url, settings.vault
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise InputError(f"{settings.data} holds no database: name the service's folder by --data")
    store = await Store.open(url, vault)
    changed: Counter[str] = Counter()
    try:
        async with recorded(store, settings, "reencrypt"):
            async for table, count in seals.renew(store):
                changed[table] += count
            if +changed:
                await clean(url)
    except UnavailableError as error:
        raise InputError(f"{error}; run it again for the rest") from None
    finally:
        await store.close()
    return +changed
