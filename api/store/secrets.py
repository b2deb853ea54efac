"""Secrets of the server itself: made at first use, encrypted by the vault where there is one."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from api.store.database import Connection, lock_together
from api.store.tables import server_secrets
from api.store.vault import SETTING, Secret, Vault
from classifier.errors import InputError

__all__ = ["server_secret"]

_BYTES: Final = 32


async def server_secret(connection: Connection, name: str) -> bytes:
    """Return the secret called ``name``, 32 bytes, which is the same for every process on this database.

    It is made if there is none, and encrypted by the newest key of the store's vault. Raise ``InputError`` if it is
    encrypted by a key that is not there any more.
    """
    await lock_together(connection, "server secrets")
    vault = _vault(connection)
    query = sa.select(server_secrets.c.secret).where(server_secrets.c.name == name)
    kept: Secret | None = (await connection.execute(query)).scalar_one_or_none()
    if kept is None:
        made = {"secret": secrets.token_hex(_BYTES)}
        stored = _sealed(vault, made)
        await connection.execute(server_secrets.insert().values(name=name, secret=stored, made_at=datetime.now(UTC)))
        return bytes.fromhex(made["secret"])
    if vault is None and "sealed" in kept:
        raise InputError(f"the secrets of the service are encrypted: set {SETTING} to the key")
    if vault is not None and not vault.is_current(kept):
        renewed = vault.seal(vault.open(kept))
        await connection.execute(server_secrets.update().where(server_secrets.c.name == name).values(secret=renewed))
    opened = kept if vault is None else vault.open(kept)
    return bytes.fromhex(opened["secret"])


def _sealed(vault: Vault | None, secret: dict[str, Any]) -> dict[str, Any]:
    return secret if vault is None else vault.seal(secret)


def _vault(connection: Connection) -> Vault | None:
    """Return the vault of the store that lent a connection, ``None`` if it has no key."""
    lent = connection.sync_connection
    return lent.get_execution_options().get("vault") if lent is not None else None
