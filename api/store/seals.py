"""Whether messages are encrypted, by which key, and the pass that brings every row to what the settings say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store.sealing import SealedJson, SealedText, is_current, vault_of
from api.store.tables import METADATA, seals
from api.store.vault import SETTING
from classifier.errors import InputError

if TYPE_CHECKING:
    from api.store.database import Store

__all__ = ["check", "renew"]

_NAME: Final = "messages"
_WORD: Final = "recupera"
_PART: Final = 200


async def check(connection: AsyncConnection) -> None:
    """Raise ``InputError`` unless encrypted messages can be read; remember it when they begin to be encrypted."""
    vault = vault_of(connection)
    token = (await connection.execute(sa.select(seals.c.token).where(seals.c.name == _NAME))).scalar()
    if token is not None:
        if vault is None:
            raise InputError(f"messages are encrypted: set {SETTING} to the key")
        vault.open_text(token)
    elif vault is not None and vault.messages:
        await connection.execute(seals.insert().values(name=_NAME, token=vault.close_text(_WORD)))


async def renew(store: Store) -> AsyncIterator[tuple[str, int]]:
    """Bring every row to what the store's vault says: encrypted by its newest key, or clear.

    Yield table and number of rows that were changed, some rows a transaction, so that a service may go on beside it;
    begun again after a crash it goes on with what is left.
    """
    for table in METADATA.sorted_tables:
        names = [column.name for column in table.columns if isinstance(column.type, SealedText | SealedJson)]
        last: tuple[Any, ...] | None = None
        while names:
            async with store.write() as connection:
                last, changed = await _renew_part(connection, table, names, last)
            yield table.name, changed
            if last is None:
                break
    async with store.write() as connection:
        vault = vault_of(connection)
        await connection.execute(seals.delete().where(seals.c.name == _NAME))
        if vault is not None and vault.messages:
            await check(connection)


async def _renew_part(
    connection: AsyncConnection, table: sa.Table, names: Sequence[str], after: tuple[Any, ...] | None
) -> tuple[tuple[Any, ...] | None, int]:
    """Rewrite some rows; return the key of the last one, ``None`` at the end, and how many were not as they should."""
    key = list(table.primary_key.columns)
    stored = [sa.type_coerce(table.c[name], table.c[name].type.impl_instance).label(name) for name in names]  # type: ignore[attr-defined]
    query = sa.select(*(column.label(f"key_{place}") for place, column in enumerate(key)), *stored)
    if after is not None:
        query = query.where(sa.tuple_(*key) > sa.tuple_(*after))
    query = query.order_by(*key).limit(_PART).with_for_update()
    rows = (await connection.execute(query)).all()
    changed = 0
    for row in rows:
        found = dict(zip(names, row[len(key) :], strict=True))
        old = {
            name: value
            for name, value in found.items()
            if value is not None and not is_current(_type(table, name), value, connection.dialect)
        }
        if old:
            opened = {n: _type(table, n).process_result_value(v, connection.dialect) for n, v in old.items()}
            this = sa.and_(*(column == value for column, value in zip(key, row, strict=False)))
            await connection.execute(table.update().where(this).values(opened))
            changed += 1
    return (tuple(rows[-1][: len(key)]) if len(rows) == _PART else None), changed


def _type(table: sa.Table, name: str) -> Any:
    return table.c[name].type
