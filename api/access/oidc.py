"""Sign-in by an OpenID provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1).

Authlib speaks to the provider; here it is decided who is believed, and what role they have. What a sign-in has to
remember meanwhile is in the browser that began it, so any process of the service can end it.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import StarletteOAuth2App
from joserfc.errors import JoseError

from api.access.scopes import Role
from api.access.signin_settings import OidcSettings
from api.access.vouching import Begun, Person, ProviderError
from classifier.errors import InputError

__all__ = ["Provider"]

_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_STRONGEST_FIRST: Final = (Role.ADMIN, Role.MANAGER, Role.ENGINEER, Role.AGENT)
_TIMEOUT_SECONDS: Final = 10
_LEEWAY_SECONDS: Final = 60
_LONGEST_SUBJECT: Final = 512
_FAILURES: Final = (AuthlibBaseError, JoseError, httpx2.HTTPError, ValueError, KeyError, TypeError, RuntimeError)


class Provider:
    """The provider of the settings; raise ``InputError`` if its secret is not where it should be."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._issuer = str(settings.issuer)
        self._app = StarletteOAuth2App(
            None,
            "oidc",
            client_id=settings.client_id,
            client_secret=_secret(settings.client_secret_env),
            server_metadata_url=f"{self._issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.scope,
                "code_challenge_method": "S256",
                "timeout": _TIMEOUT_SECONDS,
                **({} if settings.client_secret_env else {"token_endpoint_auth_method": "none"}),
            },
        )

    @property
    def name(self) -> str:
        """What people call it."""
        return self._settings.name

    async def begin(self, redirect_uri: str, back: str) -> tuple[str, Begun]:
        """Return the address at the provider to go to, and what to remember until the person comes back."""
        await self._metadata()
        try:
            begun: Mapping[str, str] = await self._app.create_authorization_url(redirect_uri)
        except _FAILURES:
            raise ProviderError("unreachable") from None
        return begun["url"], Begun(begun["state"], begun["nonce"], begun["code_verifier"], back)

    async def end(self, begun: Begun, answer: Mapping[str, str], redirect_uri: str) -> Person:
        """Return who came back with an answer; raise ``ProviderError`` if they are not believed or have no role."""
        metadata = await self._metadata()
        if not hmac.compare_digest(begun.state.encode(), answer.get("state", "").encode("utf-8", "replace")):
            raise ProviderError("refused")
        named = answer.get("iss")  # RFC 9207
        if named != self._issuer and (named or metadata.get("authorization_response_iss_parameter_supported")):
            raise ProviderError("unbelievable")
        if "code" not in answer:
            raise ProviderError("refused")
        try:
            token = await self._app.fetch_access_token(
                redirect_uri, code=answer["code"], code_verifier=begun.verifier, grant_type="authorization_code"
            )
        except httpx2.HTTPError:
            raise ProviderError("unreachable") from None
        except _FAILURES:
            raise ProviderError("refused") from None
        return self._person(await self._claims(token, begun.nonce))

    async def _claims(self, token: dict[str, Any], nonce: str) -> Mapping[str, Any]:
        """Return what the ID token claims, once it is believed."""
        expected = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        try:
            claims = await self._app.parse_id_token(token, nonce=nonce, claims_options=expected, leeway=_LEEWAY_SECONDS)
        except _FAILURES:
            raise ProviderError("unbelievable") from None
        if not claims or not claims.get("nonce") or not claims.get("sub"):
            raise ProviderError("unbelievable")
        return dict(claims)

    async def _metadata(self) -> Mapping[str, Any]:
        """Return what the provider says about itself, asked for once; tokens that nobody signed are never believed."""
        try:
            metadata: dict[str, Any] = await self._app.load_server_metadata()
        except _FAILURES:
            raise ProviderError("unreachable") from None
        if metadata.get("issuer") != self._issuer:
            raise ProviderError("unbelievable")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in _ALGORITHMS] or [
            "RS256"
        ]
        return metadata

    def _person(self, claims: Mapping[str, Any]) -> Person:
        held = set(_values(claims, self._settings.role_claim))
        given = {role for value, role in self._settings.roles.items() if value in held}
        role = next((role for role in _STRONGEST_FIRST if role in given), None)
        subject = f"{self._issuer} {claims['sub']}"
        if role is None or len(subject) > _LONGEST_SUBJECT:
            raise ProviderError("no_role")
        username = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
        return Person(subject, username, str(claims.get("name") or username), role)


def _secret(variable: str | None) -> str | None:
    """Return the client's secret from the environment."""
    if variable is None:
        return None
    secret = os.environ.get(variable)
    if not secret:
        raise InputError(f"oidc.client_secret_env: the environment has no {variable}")
    return secret


def _values(claims: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the values of a claim: its own name first, then a path into claims that hold others."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    for value in found if isinstance(found, list) else [found]:
        if isinstance(value, str):
            yield value
