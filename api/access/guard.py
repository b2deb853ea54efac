"""The guard: every request passes it, and is answered here unless its caller may do what its route does.

The route decides by the table (``api.access.table``), the caller is told by a key, by a session of the console, or is
anybody on this machine as long as nobody has made a key or an account. What is refused is not read first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from starlette.datastructures import MutableHeaders, State
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from api.access.keyring import Keyring
from api.access.nearby import bare_host, is_foreign_page, is_loopback, is_nearby, names_this_machine
from api.access.principal import OPEN, Principal
from api.access.rates import Failures, Rates, Share
from api.access.scopes import Scope
from api.access.table import Anyone, Found, allows, find, methods_of
from api.access.trail import Trail
from api.errors import problem
from api.store.database import UnavailableError
from api.store.keys import KeyRecord

if TYPE_CHECKING:
    from api.settings import AccessSettings

__all__ = ["Guard", "SignIn"]

_REALM: Final = 'Bearer realm="recupera"'
_HOW: Final = "send a key as Authorization: Bearer rcp_…"
_FIRST: Final = "nobody has made one yet: recupera keys create --name first --scope admin"


class SignIn(Protocol):
    """The sign-in of people; ``app.state.sign_in`` where there is one."""

    async def recognise(self, connection: HTTPConnection) -> Principal | None:
        """Return who is signed in."""

    def ask(self, connection: HTTPConnection) -> Response:
        """Answer a page that nobody signed in for."""


class PageRefusal(Protocol):
    """Tells people that they may not; ``app.state.page_refusal`` where there are pages."""

    def __call__(self, request: Request, status: int) -> Response:
        """Return a page."""


class _RefusedError(Exception):
    """The request is answered with ``response``; ``principal`` is who was refused, if that is known."""

    def __init__(self, response: Response, principal: Principal | None = None) -> None:
        super().__init__()
        self.response = response
        self.principal = principal


class Guard:
    """Lets pass what the table allows, names the caller in ``request.state.principal``, and keeps the trail.

    ``state`` is the application's, of which ``keyring``, ``trail`` and ``sign_in`` are used once they are there.
    ``host`` is what the service listens on: only on a loopback address is it ever open.
    """

    def __init__(self, app: ASGIApp, *, state: State, host: str, settings: AccessSettings) -> None:
        self.app = app
        self._state = state
        self._may_be_open = is_loopback(host)
        self._hosts = frozenset(bare_host(name) for name in settings.hosts)
        self._requests = settings.requests
        self._rates = Rates()
        self._failures = Failures()

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found = find(scope["method"], scope["path"])
        if found is not None and found.rule.needs is Anyone.PUBLIC:
            await self.app(scope, receive, send)
            return
        try:
            principal, share = await self._admitted(HTTPConnection(scope), found)
        except _RefusedError as refused:
            if refused.principal is not None and found is not None:
                await self._note(refused.principal, scope, found, refused.response.status_code)
            await refused.response(scope, receive, send)
            return
        except UnavailableError as error:
            await problem(503, f"{error}; try again", headers={"Retry-After": "2"})(scope, receive, send)
            return
        still = partial(self._still_admitted, HTTPConnection(scope), found)
        scope.setdefault("state", {}).update(principal=principal, still_admitted=still)
        await self._passed(principal, share, found, scope, receive, send)

    async def _admitted(self, connection: HTTPConnection, found: Found | None) -> tuple[Principal, Share | None]:
        """Return who asks, and what is left of its share; raise ``_RefusedError`` if it may not ask this."""
        if found is not None and found.rule.here and self._is_here(connection):
            return OPEN, None
        keyring: Keyring | None = self._state.keyring
        if keyring is None:
            raise _RefusedError(problem(503, "the service is starting", headers={"Retry-After": "1"}))
        await keyring.fresh()
        principal, key = await self._asking(connection, found, keyring)
        share = None if key is None else self._rates.take(key.id, key.requests or self._requests)
        if share is not None and not share.allowed:
            detail = f"this key made {share.quota:,} requests within a minute: try again in {share.reset} s"
            raise _RefusedError(problem(429, detail, headers=share.headers))
        self._check(principal, connection, found)
        return principal, share

    async def _still_admitted(self, connection: HTTPConnection, found: Found | None) -> bool:
        """Say whether a caller that was let in would be again; nobody is sent away because the database is."""
        keyring: Keyring = self._state.keyring
        try:
            await keyring.fresh()
            await self._asking(connection, found, keyring)
        except _RefusedError:
            return False
        except UnavailableError:
            pass
        return True

    async def _asking(
        self, connection: HTTPConnection, found: Found | None, keyring: Keyring
    ) -> tuple[Principal, KeyRecord | None]:
        """Return who asks, with the key where there is one."""
        if self._may_be_open and not keyring.claimed:
            self._check_open(connection)
            return OPEN, None
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            key = await keyring.find(token.strip())
            if key is None:
                raise _RefusedError(self._wrong_key(connection))
            return Principal("key", key.id, key.name, frozenset(map(Scope, key.scopes))), key
        sign_in: SignIn | None = getattr(self._state, "sign_in", None)
        principal = None if sign_in is None else await sign_in.recognise(connection)
        if principal is not None:
            self._check_site(connection)
            return principal, None
        if sign_in is not None and found is not None and found.rule.page:
            raise _RefusedError(sign_in.ask(connection))
        detail = _HOW if keyring.claimed else f"{_HOW}; {_FIRST}"
        raise _RefusedError(problem(401, detail, headers={"WWW-Authenticate": _REALM}))

    def _check_open(self, connection: HTTPConnection) -> None:
        """Refuse what does not come from a program on this machine: no key guards the service."""
        if not is_nearby(connection):
            raise _RefusedError(
                problem(403, "no key was made yet, so only this machine is answered: recupera keys create --help")
            )
        if not names_this_machine(connection, self._hosts):
            detail = "no key was made yet, so only localhost is answered: make a key, or name the host in access.hosts"
            raise _RefusedError(problem(421, detail))
        self._check_site(connection)

    def _check_site(self, connection: HTTPConnection) -> None:
        """Refuse what a browser sends for a page of another site."""
        if is_foreign_page(connection, connection.scope["method"]):
            raise _RefusedError(problem(403, "this was sent by a page of another site"))

    def _is_here(self, connection: HTTPConnection) -> bool:
        return is_nearby(connection) and names_this_machine(connection, self._hosts)

    def _wrong_key(self, connection: HTTPConnection) -> Response:
        """Answer a key that opens nothing; what was wrong with it is not said."""
        wait = self._failures.take(connection.client.host if connection.client else "")
        if wait:
            detail = f"too many wrong keys came from this address: try again in {wait} s"
            return problem(429, detail, headers={"Retry-After": str(wait)})
        headers = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
        return problem(401, "this key is wrong, has expired, or was revoked", headers=headers)

    def _check(self, principal: Principal, connection: HTTPConnection, found: Found | None) -> None:
        """Refuse a caller without the scope, and everybody what has no route: the table decides, not the router."""
        if found is None:
            raise _RefusedError(_no_route(connection.scope["path"]))
        needs = found.rule.needs
        if allows(found.rule, principal):
            return
        if found.rule.page and principal.kind == "user":
            page: PageRefusal | None = getattr(self._state, "page_refusal", None)
            if page is not None:
                connection.scope.setdefault("state", {})["principal"] = principal
                raise _RefusedError(page(Request(connection.scope), 403), principal)
        headers = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{needs}"'}
        whose = "this key" if principal.kind == "key" else "your role"
        raise _RefusedError(
            problem(403, f"this needs the scope {needs}, which {whose} does not have", headers=headers, scope=needs),
            principal,
        )

    async def _passed(
        self,
        principal: Principal,
        share: Share | None,
        found: Found | None,
        scope: AsgiScope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Have the request answered; it is in the trail before its answer leaves."""
        headers: Mapping[str, str] = {} if share is None else share.headers
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update(headers)
                await self._note(principal, scope, found, message["status"])
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except BaseException:
            if not begun:
                await self._note(principal, scope, found, 500)
            raise

    async def _note(self, principal: Principal, scope: AsgiScope, found: Found | None, status: int) -> None:
        """Write down who asked; anybody, on an open service, is nobody to be written down."""
        trail: Trail | None = self._state.trail
        if trail is not None and found is not None and found.rule.recorded and principal.kind != "open":
            scope.setdefault("state", {})
            await trail.note(principal, scope, found, status)


def _no_route(path: str) -> Response:
    """Answer what there is no route for."""
    methods = methods_of(path)
    if methods:
        return problem(405, "Method Not Allowed", headers={"Allow": ", ".join(methods)})
    return problem(404, "Not Found")
