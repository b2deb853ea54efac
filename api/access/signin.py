"""Who is signed in, for the guard; and where somebody goes who is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, quote, urlsplit

from starlette.datastructures import State
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response

from api.access.accounts import Accounts
from api.access.principal import Principal
from api.access.sessions import CSRF_HEADER, SignedIn, find_session, is_form_token, principal_of, secret_of
from api.access.table import find
from api.store.database import UnavailableError

if TYPE_CHECKING:
    from api.access.oidc import Provider
    from api.store.database import Store

__all__ = ["PAGE", "SignIn", "own_path", "signed_in"]

PAGE: Final = "/sign-in"
_LONGEST_PATH: Final = 2000
_SAFE: Final = ("GET", "HEAD")


def own_path(path: str, otherwise: str = "/") -> str:
    """Return a path of this site; ``otherwise`` for whatever could lead a browser to another one."""
    local = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if local and path.isprintable() and len(path) <= _LONGEST_PATH else otherwise


def signed_in(connection: HTTPConnection) -> SignedIn | None:
    """Return who the guard found to be signed in."""
    found: SignedIn | None = connection.scope.get("state", {}).get("signed_in")
    return found


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in of people. ``state`` is the application's, whose ``store`` is used once it is there."""

    accounts: Accounts
    provider: Provider | None
    state: State

    async def recognise(self, connection: HTTPConnection) -> Principal | None:
        """Return who is signed in; what changes something outside of pages needs the token of the session too."""
        secret = secret_of(connection, self.accounts.settings)
        if secret is None:
            return None
        store: Store | None = self.state.store
        if store is None:
            raise UnavailableError("the database is being opened")
        used = signed_in(connection) is None  # a stream asks again and again, although nobody need be there
        found = await find_session(store, secret, datetime.now(UTC), self.accounts.settings, used=used)
        if found is None or not self._is_meant(connection, secret):
            return None
        connection.scope.setdefault("state", {})["signed_in"] = found
        return principal_of(found.account)

    def ask(self, connection: HTTPConnection) -> Response:
        """Send a browser to sign in, and from there back to the page that it asked for."""
        address = f"{PAGE}?back={quote(_wanted(connection), safe='/')}"
        if connection.headers.get("hx-request-type") == "partial":
            return Response(status_code=401, headers={"HX-Redirect": address, "Cache-Control": "no-store"})
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})

    def _is_meant(self, connection: HTTPConnection, secret: str) -> bool:
        """Say whether a request may count as its owner's: forms of pages are looked at where they are read."""
        method = connection.scope["method"]
        found = find(method, connection.scope["path"])
        if method in _SAFE or (found is not None and found.rule.page):
            return True
        return is_form_token(secret, connection.headers.get(CSRF_HEADER, ""))


def _wanted(connection: HTTPConnection) -> str:
    """Return the page that somebody wants to see: of a form, the one that it is on."""
    url = connection.url
    if connection.scope["method"] not in _SAFE or connection.headers.get("hx-request-type") == "partial":
        referer = _referer(connection)
        url = url.replace(path=referer.path if referer.netloc == url.netloc else "/", query=referer.query)
    return own_path(url.path + (f"?{url.query}" if url.query else ""))


def _referer(connection: HTTPConnection) -> SplitResult:
    """Return the page that a request says it comes from; nothing, if that is no address."""
    try:
        return urlsplit(connection.headers.get("referer", ""))
    except ValueError:
        return urlsplit("")
