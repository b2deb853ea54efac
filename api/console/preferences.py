"""How somebody likes to see the console: kept in the browser, in cookies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Request
from fastapi.responses import Response

from api.console.person import who
from api.console.translation import LANGUAGES, best_language

__all__ = ["LONGEST_NAME", "THEMES", "Preferences", "remember"]

THEMES: Final = ("auto", "light", "dark")
LONGEST_NAME: Final = 128
_YEAR: Final = 365 * 24 * 3600
_PREFIX: Final = "recupera_"


@dataclass(frozen=True, slots=True)
class Preferences:
    """``name`` is who reviews and completes steps: of who is signed in their name, else as they call themselves."""

    language: str
    theme: str
    timezone: str
    name: str

    @classmethod
    def of(cls, request: Request) -> Preferences:
        """Read the cookies; what is missing or wrong is the browser's language, its theme, UTC, and no name."""
        cookies, principal = request.cookies, who(request)
        language = cookies.get(f"{_PREFIX}language", "")
        theme = cookies.get(f"{_PREFIX}theme", "")
        return cls(
            language=language if language in LANGUAGES else best_language(request.headers.get("accept-language", "")),
            theme=theme if theme in THEMES else THEMES[0],
            timezone=_zone(unquote(cookies.get(f"{_PREFIX}timezone", ""))),
            name=principal.signs(_called(cookies.get(f"{_PREFIX}name", ""))) or "",
        )

    @property
    def zone(self) -> tzinfo:
        """The time zone."""
        return ZoneInfo(self.timezone)


def remember(response: Response, name: str, value: str) -> None:
    """Keep a preference in the browser for a year."""
    response.set_cookie(f"{_PREFIX}{name}", quote(value), max_age=_YEAR, samesite="lax", httponly=True)


def _called(cookie: str) -> str:
    return unquote(cookie)[:LONGEST_NAME].strip()


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return name
