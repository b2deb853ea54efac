"""Access tokens for XOAUTH2: from the environment, or by the refresh token that lasts (RFC 6749, section 6)."""

from __future__ import annotations

from typing import Final

import httpx

from api.channels.email.settings import InboxSettings, OAuthSettings
from classifier.errors import InputError

__all__ = ["access_token"]

_SECONDS: Final = 30


def access_token(settings: InboxSettings) -> str:
    """Return a token that is good now; it is asked for at each connection, so it may expire in between.

    Raise ``InputError`` if the provider refuses, ``OSError`` if it can't be reached.
    """
    if settings.oauth is None:
        return settings.secret(settings.token_env or "")
    try:
        answer = httpx.post(settings.oauth.token_url, data=_form(settings, settings.oauth), timeout=_SECONDS)
        token = answer.json().get("access_token") if answer.status_code == httpx.codes.OK else None
    except httpx.HTTPError as error:
        raise ConnectionError(f"no access token: {type(error).__name__}") from None
    except (ValueError, AttributeError):
        token = None
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ConnectionError("no access token: the provider has a problem")
    if not isinstance(token, str) or not token:
        raise InputError(f"inbox {settings.name!r}: oauth.token_url gave no access token (HTTP {answer.status_code})")
    return token


def _form(settings: InboxSettings, oauth: OAuthSettings) -> dict[str, str]:
    form = {
        "grant_type": "refresh_token",
        "client_id": oauth.client_id,
        "refresh_token": settings.secret(oauth.refresh_token_env),
    }
    if oauth.client_secret_env:
        form["client_secret"] = settings.secret(oauth.client_secret_env)
    if oauth.scope:
        form["scope"] = oauth.scope
    return form
