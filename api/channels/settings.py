"""Settings of the help desks: the ``[channels.*]`` tables of ``recupera.toml``.

A secret is never written there: ``…_env`` names the environment variable that holds it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from classifier.errors import InputError

__all__ = [
    "FIELDS",
    "ChannelSettings",
    "ChannelsSettings",
    "ChatwootSettings",
    "DeskSettings",
    "FreshdeskSettings",
    "GenericSettings",
    "SignatureScheme",
    "Write",
    "ZammadSettings",
    "ZendeskSettings",
    "from_environment",
]

FIELDS: Final = (
    "complaint",
    "motive",
    "severity",
    "justice",
    "quality",
    "touchpoint",
    "priority",
    "first_answer_due",
    "resolution_due",
    "case_id",
    "message_id",
)
"""What can be written to a help desk's own fields."""


class Write(StrEnum):
    """What is written back."""

    TAGS = "tags"  # labels or tags, joined to those that are there
    PRIORITY = "priority"  # raised, never lowered
    NOTE = "note"  # a private note for the agents
    FIELDS = "fields"  # the help desk's own fields, as ``fields`` says


def _listed(value: object) -> object:
    """Let one name stand for a list of it."""
    return (value,) if isinstance(value, str) else value


Variables = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class ChannelSettings(BaseModel):
    """Who may send, and how much.

    ``verify``: ``signature`` by the vendor's scheme, ``token`` for a shared secret in a header, as a password or as
    ``?token=``, ``none`` for whoever knows the address. Several secrets may hold at a time, to change them.
    ``tolerance_seconds``: how old a signed request may be. ``country`` is the customers', where no message says it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    verify: Literal["signature", "token", "none"] = "signature"
    secret_env: Variables = ()
    tolerance_seconds: int = Field(default=300, ge=10, le=86_400)
    max_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")

    @model_validator(mode="after")
    def _has_secret(self) -> ChannelSettings:
        """Refuse a check that could never succeed."""
        if self.verify != "none" and not self.secret_env:
            raise PydanticCustomError("secret_env", "name the environment variable of the secret in secret_env")
        return self


class DeskSettings(ChannelSettings):
    """A help desk that is also written to, once ``url`` and ``token_env`` are there.

    ``language`` is the agents'. ``fields`` maps what there is to say (``severity``) to a field of the help desk.
    ``requests_a_minute`` is what its interface may be burdened with.
    """

    url: str | None = None
    token_env: str | None = None
    language: Literal["es", "pt", "en"] = "es"
    write: tuple[Write, ...] = tuple(Write)
    fields: Mapping[str, str | int] = {}
    requests_a_minute: float = Field(default=100, gt=0, le=100_000)

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        """Return the address without a last slash."""
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise PydanticCustomError("url", "write the address of the help desk, as in https://desk.example.com")
        return url and url.rstrip("/")

    @field_validator("fields")
    @classmethod
    def _are_known(cls, fields: Mapping[str, str | int]) -> Mapping[str, str | int]:
        """Refuse what can't be said."""
        unknown = ", ".join(sorted(set(fields) - set(FIELDS)))
        if unknown:
            raise PydanticCustomError("fields", "there is nothing called {unknown}", {"unknown": unknown})
        return fields

    @model_validator(mode="after")
    def _is_whole(self) -> DeskSettings:
        """Refuse an address without a token, and the other way round."""
        if (self.url is None) != (self.token_env is None):
            raise PydanticCustomError("token_env", "to write back, both url and token_env are needed")
        return self

    @property
    def writes(self) -> bool:
        """Whether anything is written back."""
        return self.url is not None and bool(self.write)


class ChatwootSettings(DeskSettings):
    """Chatwoot. ``account`` is only needed for versions whose events don't name it.

    As it comes it bears 3,000 requests a minute from one address (``RACK_ATTACK_LIMIT``).
    """

    account: int | None = None
    requests_a_minute: float = Field(default=600, gt=0, le=100_000)


class ZendeskSettings(DeskSettings):
    """Zendesk. ``user`` is the e-mail address that the API token belongs to; without it the token is OAuth's."""

    user: str | None = None

    @field_validator("fields")
    @classmethod
    def _are_numbers(cls, fields: Mapping[str, str | int]) -> Mapping[str, str | int]:
        """Refuse a field that is not named by its number, as Zendesk does."""
        if not all(str(name).isdecimal() for name in fields.values()):
            raise PydanticCustomError("fields", "write the number of each field, as Zendesk's settings show it")
        return fields


class FreshdeskSettings(DeskSettings):
    """Freshdesk signs nothing, so ``verify`` is ``token``."""

    verify: Literal["signature", "token", "none"] = "token"
    requests_a_minute: float = Field(default=16, gt=0, le=100_000)

    @field_validator("verify")
    @classmethod
    def _signs_nothing(cls, verify: str) -> str:
        if verify == "signature":
            raise PydanticCustomError("verify", "Freshdesk signs nothing: use token")
        return verify


class ZammadSettings(DeskSettings):
    """Zammad, whose documentation names no limit."""

    requests_a_minute: float = Field(default=600, gt=0, le=100_000)


class SignatureScheme(BaseModel):
    """How a generic sender signs: an HMAC of the body, or of ``{timestamp}{separator}{body}``, in a header."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: str = "X-Signature"
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str | None = None
    separator: str = "."


class GenericSettings(ChannelSettings):
    """Any JSON. ``map`` holds JMESPath expressions: ``external_id`` and ``text`` are needed.

    ``only`` is an expression that must hold for a message to be taken, ``items`` one for the list of messages in a
    body with several. ``name`` is the channel's.
    """

    verify: Literal["signature", "token", "none"] = "token"
    name: str = Field(default="generic", pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")
    signature: SignatureScheme = SignatureScheme()
    html: bool = False
    items: str | None = None
    only: str | None = None
    map: Mapping[str, str] = Field(min_length=2)

    @field_validator("items", "only")
    @classmethod
    def _compiles(cls, expression: str | None) -> str | None:
        return expression if expression is None else _checked(expression)

    @field_validator("map")
    @classmethod
    def _map_is_whole(cls, given: Mapping[str, str]) -> Mapping[str, str]:
        """Refuse names that a message has not, and expressions that can't be read."""
        known = ("external_id", "text", "thread_id", "received_at", "customer_id", "value_tier", "country", "subject",
                 "attachments")  # fmt: skip
        wrong = [name for name in given if name not in known and not name.startswith("metadata.")]
        if wrong:
            raise PydanticCustomError(
                "map", "knows {known} and metadata.…, not {wrong}", {"known": ", ".join(known), "wrong": wrong[0]}
            )
        for name in ("external_id", "text"):
            if name not in given:
                raise PydanticCustomError("map", "needs {name}", {"name": name})
        return {name: _checked(expression) for name, expression in given.items()}


def _checked(expression: str) -> str:
    try:
        parsed = jmespath.compile(expression).parsed
    except JMESPathError as error:
        reason = str(error).splitlines()[0]
        raise PydanticCustomError("jmespath", "is no JMESPath expression: {reason}", {"reason": reason}) from None
    if _stands_still(parsed):
        raise PydanticCustomError("jmespath", "is no JMESPath expression: a slice can't go in steps of 0")
    return expression


def _stands_still(node: Any) -> bool:
    """Say whether a part of a parsed expression is a slice in steps of 0, which jmespath refuses only when run."""
    if not isinstance(node, dict):
        return False
    children = node["children"]
    return (node["type"] == "slice" and children[2] == 0) or any(map(_stands_still, children))


class ChannelsSettings(BaseModel):
    """The help desks that may send: ``[channels.chatwoot]`` and so on. Those left out are answered 404."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chatwoot: ChatwootSettings | None = None
    zendesk: ZendeskSettings | None = None
    freshdesk: FreshdeskSettings | None = None
    zammad: ZammadSettings | None = None
    generic: GenericSettings | None = None

    def given(self) -> dict[str, Any]:
        """Return the settings of each channel that is set up."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


def from_environment(channel: str, variables: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the values of environment variables; raise ``InputError`` that names one that is missing."""
    for name in variables:
        if not environ.get(name):
            raise InputError(f"channels.{channel}: the environment variable {name} is not set")
    return [environ[name] for name in variables]
