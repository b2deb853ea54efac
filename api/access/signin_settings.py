"""How people sign in: their passwords, how long a session lasts, and the OpenID provider."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.access.scopes import Role

__all__ = ["OidcSettings", "SignInSettings"]


class SignInSettings(BaseModel):
    """Sessions and passwords: ``[signin]`` in the file, ``RECUPERA_SIGNIN_*`` in the environment.

    A session ends ``hours`` after the sign-in, and ``idle_minutes`` after the last page. ``memory_kib``, ``passes`` and
    ``lanes`` are argon2id's (RFC 9106, section 4); a password hashed by others is hashed anew when its owner signs in.
    ``https`` says that browsers come by https although the request does not look like it, because of a proxy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hours: float = Field(default=12, gt=0, le=24 * 30)
    idle_minutes: float = Field(default=120, gt=0, le=60 * 24 * 7)
    memory_kib: int = Field(default=47_104, ge=8, le=4 * 1024 * 1024)
    passes: int = Field(default=1, ge=1, le=64)
    lanes: int = Field(default=1, ge=1, le=16)
    https: bool = False

    @property
    def lasts(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(hours=self.hours)

    @property
    def idle(self) -> timedelta:
        """How long a session lasts without being used."""
        return timedelta(minutes=self.idle_minutes)


class OidcSettings(BaseModel):
    """The OpenID provider that people sign in by: ``[oidc]`` in the file, ``RECUPERA_OIDC_*`` in the environment.

    ``client_secret_env`` names the environment variable that holds the secret; without it the client is a public one.
    ``roles`` says which value of the claim ``role_claim`` (``realm_access.roles`` looks inside) gives which role; of
    several the first in the order admin, manager, engineer, agent counts, and who has none is not let in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$")
    client_id: str = ""
    client_secret_env: str | None = None
    scope: str = "openid profile email"
    role_claim: str = "roles"
    roles: Mapping[str, Role] = {}
    name: str = "OpenID"

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        """Refuse a provider by which nobody could ever sign in."""
        if self.issuer is not None and not (self.client_id and self.roles):
            raise ValueError("a provider needs client_id, and roles that say which value of the claim gives which role")
        return self
