"""Columns that hold what customers wrote: encrypted as they are stored, clear as they are read.

The key is the engine's: ``use`` gives it to one. Labels, times and identifiers stay clear, so that SQL, views and
figures work as before. A value says by its beginning whether it is encrypted: rows of both kinds live side by side.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store.vault import SETTING, Vault
from classifier.errors import InputError

__all__ = [
    "CUSTOMER_KEYS",
    "MARK",
    "Part",
    "SealedJson",
    "SealedText",
    "is_current",
    "opened_classification",
    "use",
    "vault_of",
]

MARK: Final = "rcp1:"
"""What an encrypted value begins with; a Fernet token follows."""

CUSTOMER_KEYS: Final = ("id", "country", "region", "timezone", "value_tier")
"""What stays clear of a customer: figures are counted and plans are made by it, and customers found."""

_PLAIN: Final = "rcp0:"
_SEALED: Final = "sealed"
_ATTRIBUTE: Final = "recupera_vault"


class Part(StrEnum):
    """What of a JSON value is encrypted."""

    ALL = "all"  # everything
    CLASSIFICATION = "classification"  # words of the customer: evidence, and the facts read from it
    EVENT = "event"  # the same, in the classification that an event tells, and the examples of an alert
    CUSTOMER = "customer"  # all but ``CUSTOMER_KEYS``
    NOTE = "note"  # what an agent noted


def use(engine: Any, vault: Vault | None) -> None:
    """Have an engine encrypt and decrypt by ``vault``; without one encrypted values can't be read."""
    setattr(engine.dialect, _ATTRIBUTE, vault)


def vault_of(connection: AsyncConnection) -> Vault | None:
    """Return the vault of a connection's engine."""
    return _vault(connection.dialect)


class SealedText(sa.TypeDecorator[str]):
    """A text that is encrypted as a whole."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Encrypt, if the engine's vault says so."""
        return None if value is None else _close(value, _vault(dialect))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Decrypt; raise ``InputError`` without the key."""
        return None if value is None else _open(value, _vault(dialect))


class SealedJson(sa.TypeDecorator[Any]):
    """JSON of which a part is encrypted; it keeps its shape, so that programs that read the rest work as before."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self, part: Part, *, none_as_null: bool = False) -> None:
        super().__init__(none_as_null=none_as_null)
        self.part = part
        self.none_as_null = none_as_null

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Compare as JSON does: a key is no sealed value."""
        return self.impl_instance.coerce_compared_value(op, value)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Encrypt the part, if the engine's vault says so."""
        return value if value is None else _CODECS[self.part][0](value, _vault(dialect))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Decrypt the part; raise ``InputError`` without the key."""
        return value if value is None else _CODECS[self.part][1](value, _vault(dialect))


def opened_classification(value: Any, vault: Vault | None) -> Any:
    """Return a classification that was read as plain JSON, its words decrypted."""
    return _open_words(value, vault)


def is_current(column: SealedText | SealedJson, stored: Any, dialect: sa.Dialect) -> bool:
    """Say whether a value, as the database holds it, is as the dialect's vault says: by its newest key, or clear."""
    vault = _vault(dialect)
    closed = column.process_bind_param(column.process_result_value(stored, dialect), dialect)
    if not _tokens(closed):
        return not _tokens(stored)
    return bool(_tokens(stored)) and vault is not None and all(vault.is_newest(token) for token in _tokens(stored))


def _tokens(stored: Any) -> list[str]:
    """Return the tokens of a value as the database holds it."""
    if isinstance(stored, str):
        return [stored.removeprefix(MARK)] if stored.startswith(MARK) else []
    return [part.partition('"')[0] for part in json.dumps(stored).split(f'"{MARK}')[1:]]


def _vault(dialect: sa.Dialect) -> Vault | None:
    return getattr(dialect, _ATTRIBUTE, None)


def _close(text: str, vault: Vault | None) -> str:
    if vault is not None and vault.messages:
        return f"{MARK}{vault.close_text(text)}"
    return f"{_PLAIN}{text}" if text.startswith((MARK, _PLAIN)) else text


def _open(stored: str, vault: Vault | None) -> str:
    if stored.startswith(_PLAIN):
        return stored.removeprefix(_PLAIN)
    if not stored.startswith(MARK):
        return stored
    if vault is None:
        raise InputError(f"messages are encrypted: set {SETTING} to the key")
    return vault.open_text(stored.removeprefix(MARK))


def _close_all(value: Any, vault: Vault | None) -> Any:
    return {_SEALED: _close(json.dumps(value), vault)} if vault is not None and vault.messages else value


def _open_all(value: Any, vault: Vault | None) -> Any:
    is_closed = isinstance(value, Mapping) and set(value) == {_SEALED} and str(value[_SEALED]).startswith(MARK)
    return json.loads(_open(value[_SEALED], vault)) if is_closed else value


def _close_words(value: Any, vault: Vault | None) -> Any:
    """Put all words of a classification, encrypted together, in the place of the first."""
    evidence, facts = value.get("evidence") or (), value.get("facts") or ()
    if not (evidence or facts):
        return value
    if vault is None or not vault.messages:
        return _with_first(value, lambda text: _close(text, vault))
    words = [[item["text"] for item in evidence], [[fact["text"], fact["value"]] for fact in facts]]
    bare = {
        **value,
        "evidence": [{**item, "text": ""} for item in evidence],
        "facts": [{**fact, "text": "", "value": {}} for fact in facts],
    }
    return _with_first(bare, lambda _: _close(json.dumps(words), vault))


def _open_words(value: Any, vault: Vault | None) -> Any:
    if not isinstance(value, Mapping):
        return value
    evidence, facts = value.get("evidence") or (), value.get("facts") or ()
    first = next((item["text"] for items in (evidence, facts) for item in items), "")
    if not first.startswith(MARK):
        return _with_first(value, lambda text: _open(text, None)) if first.startswith(_PLAIN) else value
    texts, told = json.loads(_open(first, vault))
    return {
        **value,
        "evidence": [{**item, "text": text} for item, text in zip(evidence, texts, strict=True)],
        "facts": [{**fact, "text": text, "value": said} for fact, (text, said) in zip(facts, told, strict=True)],
    }


def _with_first(value: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return a classification with its first words changed."""
    name = "evidence" if value.get("evidence") else "facts"
    items: Sequence[Mapping[str, Any]] = value[name]
    changed = change(items[0]["text"])
    return {**value, name: [{**items[0], "text": changed}, *items[1:]]}


def _close_event(value: Any, vault: Vault | None) -> Any:
    told, examples = value.get("classification"), value.get("examples")
    closed = {**value, "classification": _close_words(told, vault)} if told else value
    return {**closed, "examples": _close_all(examples, vault)} if examples else closed


def _open_event(value: Any, vault: Vault | None) -> Any:
    told, examples = value.get("classification"), value.get("examples")
    opened = {**value, "classification": _open_words(told, vault)} if told else value
    return {**opened, "examples": _open_all(examples, vault)} if examples else opened


def _close_customer(value: Any, vault: Vault | None) -> Any:
    """Encrypt what is not needed clear; what callers call ``sealed`` themselves is wrapped, to be told apart."""
    rest = {name: said for name, said in value.items() if name not in CUSTOMER_KEYS}
    if not rest:
        return value
    if vault is None or not vault.messages:
        return {**value, _SEALED: [value[_SEALED]]} if _SEALED in value else value
    kept = {name: value[name] for name in CUSTOMER_KEYS if name in value}
    return {**kept, _SEALED: _close(json.dumps(rest), vault)}


def _open_customer(value: Any, vault: Vault | None) -> Any:
    sealed = value.get(_SEALED)
    if isinstance(sealed, list) and len(sealed) == 1:
        return {**value, _SEALED: sealed[0]}
    if not (isinstance(sealed, str) and sealed.startswith(MARK)):
        return value
    rest = {name: said for name, said in value.items() if name != _SEALED}
    return {**rest, **json.loads(_open(sealed, vault))}


def _close_note(value: Any, vault: Vault | None) -> Any:
    note = value.get("note")
    return {**value, "note": _close(note, vault)} if isinstance(note, str) else value


def _open_note(value: Any, vault: Vault | None) -> Any:
    note = value.get("note")
    return {**value, "note": _open(note, vault)} if isinstance(note, str) else value


_Codec = Callable[[Any, Vault | None], Any]
_CODECS: Final[Mapping[Part, tuple[_Codec, _Codec]]] = {
    Part.ALL: (_close_all, _open_all),
    Part.CLASSIFICATION: (_close_words, _open_words),
    Part.EVENT: (_close_event, _open_event),
    Part.CUSTOMER: (_close_customer, _open_customer),
    Part.NOTE: (_close_note, _open_note),
}
