"""The mailboxes to follow: the ``[[inbox]]`` tables of ``recupera.toml``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from classifier.errors import InputError
from classifier.faults import reason
from classifier.taxonomy import SEVERITY

__all__ = ["InboxSettings", "ListMail", "OAuthSettings", "Tls", "Write", "read_inboxes"]

_PORTS: Final = {"implicit": 993, "starttls": 143, "none": 143}


class Tls(StrEnum):
    """How the connection is encrypted."""

    IMPLICIT = "implicit"  # from the first byte, usually on port 993
    STARTTLS = "starttls"  # asked for on a plain connection, before the password is sent
    NONE = "none"  # not at all: for a server on this machine


class Write(StrEnum):
    """Where the tags of a mail go."""

    KEYWORDS = "keywords"  # IMAP keywords: recupera-severity-high
    FOLDERS = "folders"  # complaints are moved: Recupera/Critical
    LABELS = "labels"  # Gmail's labels: Recupera/severity-high
    NONE = "none"  # nowhere: shadow mode


class ListMail(StrEnum):
    """What becomes of mail that says it comes from a list."""

    PARK = "park"  # newsletters and the like
    READ = "read"  # the address is itself a list or a group, and customers write to it


class OAuthSettings(BaseModel):
    """How an access token is had, where it expires too soon to be set by hand (RFC 6749, section 6)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token_url: str = Field(pattern=r"^https?://")
    client_id: str
    client_secret_env: str | None = None
    refresh_token_env: str
    scope: str | None = None


def _severity(name: str) -> str:
    """Refuse what is no severity."""
    if name not in SEVERITY.label_ids:
        raise PydanticCustomError("flag", "is one of {known}", {"known": ", ".join(SEVERITY.label_ids)})
    return name


class InboxSettings(BaseModel):
    r"""One mailbox.

    Exactly one of ``password_env``, ``token_env`` (an OAuth 2.0 access token) and ``oauth`` says how to log in; no
    secret stands in the file. ``own`` are our addresses, or ``@domains``, besides the user name: mail from them is
    ours. ``since`` leaves older mail alone. Of a mail, ``max_bytes`` are read. ``store = false`` classifies without
    keeping messages or opening cases. ``flag = "high"`` also marks complaints of that severity and above with
    ``\Flagged``, the star of mail programs. ``idle = false`` asks every ``poll_seconds`` instead of being told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
    host: Annotated[str, Field(min_length=1)]
    port: int = Field(default=0, ge=0, le=65535)
    tls: Tls = Tls.IMPLICIT
    ca_file: Path | None = None
    username: Annotated[str, Field(min_length=1)]
    password_env: str | None = None
    token_env: str | None = None
    oauth: OAuthSettings | None = None
    folder: Annotated[str, Field(min_length=1, max_length=512)] = "INBOX"
    write: Write = Write.KEYWORDS
    flag: Annotated[str, AfterValidator(_severity)] | None = None
    folder_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,60}$")] = "Recupera"
    own: tuple[str, ...] = ()
    lists: ListMail = ListMail.PARK
    since: date | None = None
    store: bool = True
    max_bytes: int = Field(default=2 * 1024 * 1024, ge=16 * 1024, le=64 * 1024 * 1024)
    idle: bool = True
    poll_seconds: float = Field(default=30, ge=0.2, le=1500)
    timeout_seconds: float = Field(default=60, ge=1, le=600)

    @field_validator("own")
    @classmethod
    def _has_at(cls, own: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is neither an address nor a domain, and would never match."""
        if any("@" not in address for address in own):
            raise PydanticCustomError("own", "each is an address (help@example.org) or a domain (@example.org)")
        return tuple(address.lower() for address in own)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        """Ask for one way to log in."""
        ways = [self.password_env, self.token_env, self.oauth]
        if sum(way is not None for way in ways) != 1:
            raise PydanticCustomError("login", "set exactly one of password_env, token_env and oauth")
        if self.tls is Tls.STARTTLS and self.port == _PORTS["implicit"]:
            raise PydanticCustomError("tls", 'port 993 is encrypted from the first byte: set tls = "implicit"')
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port, the protocol's usual port where none is set."""
        return self.host, self.port or _PORTS[self.tls]

    @property
    def account(self) -> tuple[str, str]:
        """Return what tells whose mailbox it is, whatever the folder."""
        return self.host.lower(), self.username.lower()

    @property
    def own_addresses(self) -> frozenset[str]:
        """Return our addresses and domains, in lower case."""
        mine = {self.username.lower()} if "@" in self.username else set()
        return frozenset(mine | set(self.own))

    def secret(self, variable: str, environment: Mapping[str, str] = os.environ) -> str:
        """Return the value of an environment variable; raise ``InputError`` if it is missing or empty."""
        value = environment.get(variable, "")
        if not value:
            raise InputError(f"inbox {self.name!r}: the environment variable {variable} is not set")
        return value


def read_inboxes(path: Path, names: Sequence[str] = ()) -> list[InboxSettings]:
    """Return the mailboxes of a file, those called ``names`` if any is given.

    Raise ``InputError`` that says which setting of which mailbox is wrong, and never repeats a value.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("inbox", [])
    except FileNotFoundError:
        raise InputError(f"{path} is not there: write one, or name another by --config") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None
    if not isinstance(tables, list) or not tables:
        raise InputError(f"{path} names no mailbox: it needs a table [[inbox]]")
    inboxes = [_inbox(path, number, table) for number, table in enumerate(tables, 1)]
    known = [inbox.name for inbox in inboxes]
    for name in known:
        if known.count(name) > 1:
            raise InputError(f"{path}: two mailboxes are called {name!r}: names tell them apart")
    for name in names:
        if name not in known:
            raise InputError(f"{path}: no mailbox is called {name!r}; there are {', '.join(known)}")
    return [inbox for inbox in inboxes if not names or inbox.name in names]


def _inbox(path: Path, number: int, table: Any) -> InboxSettings:
    """Read one table."""
    try:
        return InboxSettings.model_validate(table)
    except ValidationError as error:
        name = table.get("name", number) if isinstance(table, dict) else number
        faults = [(".".join(map(str, fault["loc"])), reason(fault)) for fault in error.errors()]
        said = "; ".join(f"{place}: {wrong}" if place else wrong for place, wrong in faults)
        raise InputError(f"{path}: inbox {name!r}: {said}") from None
