"""Sign-in by a real OpenID provider on localhost."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from api.access.oidc import Provider
from api.access.signin_settings import OidcSettings
from api.access.vouching import Begun, ProviderError
from api.observability import _TALKATIVE, configure_logging
from api.store import accounts
from classifier.errors import InputError
from tests.api.access.people import CHEAP, app_of, store_of
from tests.api.access.provider import BACK, CLIENT, SECRET, Idp, serving
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio
ROLES = {"care": "agent", "support-lead": "manager", "ops": "admin"}


@pytest.fixture(scope="module")
def running() -> Iterator[Idp]:
    with serving() as idp:
        yield idp


@pytest.fixture
def idp(running: Idp, monkeypatch: pytest.MonkeyPatch) -> Idp:
    running.reset()
    monkeypatch.setenv("CONSOLE_SECRET", SECRET)
    return running


def settings_of(idp: Idp, **more: Any) -> dict[str, Any]:
    given = {"issuer": idp.issuer, "client_id": CLIENT, "client_secret_env": "CONSOLE_SECRET"}
    return {**given, "role_claim": "realm_access.roles", "roles": ROLES, "name": "Acme", **more}


def provider(idp: Idp, **more: Any) -> Provider:
    return Provider(OidcSettings(**settings_of(idp, **more)))


async def through(made: Provider, **changed: str) -> Any:
    """Go to the provider and come back, with another answer where ``changed`` says so."""
    address, begun = await made.begin(BACK, "/cases")
    async with httpx.AsyncClient(trust_env=False) as outside:
        answer = await outside.get(address)
    assert answer.status_code == 302, answer.text
    query = dict(httpx.URL(answer.headers["location"]).params)
    return await made.end(begun, query | changed, BACK)


async def test_the_provider_says_who_somebody_is_and_what_they_may(idp: Idp) -> None:
    idp.claims["realm_access"] = {"roles": ["offline", "care", "support-lead"]}
    person = await through(provider(idp))
    assert (person.subject, person.username, person.name, person.role) == (
        f"{idp.issuer} 7",
        "ana",
        "Ana Souza",
        "manager",
    )


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in _TALKATIVE}
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.usefixtures("logging_as_it_was")
async def test_what_is_asked_of_the_provider_is_not_logged(idp: Idp, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    idp.claims["realm_access"] = {"roles": ["care"]}
    await through(provider(idp))
    assert "/jwks" not in capsys.readouterr().err


@pytest.mark.parametrize("held", [None, [], ["others"], "carer", {"care": True}, 7])
async def test_who_has_no_role_is_not_let_in(idp: Idp, held: Any) -> None:
    idp.claims["realm_access"] = {"roles": held}
    with pytest.raises(ProviderError, match="no_role"):
        await through(provider(idp))


@pytest.mark.parametrize(
    "forged",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"azp": "another client", "aud": [CLIENT, "another client"]},
    ],
)
async def test_a_token_that_is_not_for_this_sign_in_is_not_believed(idp: Idp, forged: dict[str, Any]) -> None:
    idp.claims["realm_access"] = {"roles": ["ops"]}
    idp.forged = forged
    with pytest.raises(ProviderError, match="unbelievable"):
        await through(provider(idp))


@pytest.mark.parametrize("fault", ["unsigned", "another_key"])
async def test_a_token_that_the_provider_did_not_sign_is_not_believed(idp: Idp, fault: str) -> None:
    idp.claims["realm_access"] = {"roles": ["ops"]}
    setattr(idp, fault, True)
    with pytest.raises(ProviderError, match="unbelievable"):
        await through(provider(idp))


async def test_an_answer_to_another_sign_in_is_refused(idp: Idp) -> None:
    idp.claims["realm_access"] = {"roles": ["ops"]}
    made = provider(idp)
    for changed, reason in (({"state": "another"}, "refused"), ({"iss": "https://x.example"}, "unbelievable")):
        with pytest.raises(ProviderError, match=reason):
            await through(made, **changed)
    with pytest.raises(ProviderError, match="refused"):
        await through(made, code="guessed")
    idp.named = None
    with pytest.raises(ProviderError, match="unbelievable"):
        await through(made)


async def test_a_code_is_good_for_the_browser_that_asked_and_once(idp: Idp) -> None:
    idp.claims["realm_access"] = {"roles": ["ops"]}
    made = provider(idp)
    address, begun = await made.begin(BACK, "/")
    async with httpx.AsyncClient(trust_env=False) as outside:
        query = dict(httpx.URL((await outside.get(address)).headers["location"]).params)
    _, other = await made.begin(BACK, "/")
    with pytest.raises(ProviderError, match="refused"):
        await made.end(Begun(begun.state, begun.nonce, other.verifier, "/"), query, BACK)
    with pytest.raises(ProviderError, match="refused"):
        await made.end(begun, query, BACK)


async def test_a_wrong_secret_or_an_absent_provider_signs_nobody_in(idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_SECRET", "another")
    with pytest.raises(ProviderError, match="refused"):
        await through(provider(idp))
    with pytest.raises(ProviderError, match="unreachable"):
        await provider(idp, issuer="http://127.0.0.1:9").begin(BACK, "/")
    with pytest.raises(ProviderError, match="unbelievable"):
        await provider(idp, issuer=f"{idp.issuer}/").begin(BACK, "/")
    monkeypatch.delenv("CONSOLE_SECRET")
    with pytest.raises(InputError, match="CONSOLE_SECRET"):
        provider(idp)


def test_settings_that_could_let_nobody_in_are_refused() -> None:
    with pytest.raises(ValueError, match="client_id"):
        OidcSettings(issuer="https://id.example")
    with pytest.raises(ValueError, match="roles"):
        OidcSettings(issuer="https://id.example", client_id="x")


@pytest.mark.parametrize("cookie", ["", "no base64!", "bnVsbA==", "W10=", "eyJzdGF0ZSI6ICJ4In0=", "e30=", "\ud800"])
def test_a_cookie_that_is_none_of_ours_is_refused(cookie: str) -> None:
    with pytest.raises(ProviderError):
        Begun.unpacked(cookie)


@pytest.fixture
async def console(idp: Idp, open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with open_service(Marked(), oidc=settings_of(idp), signin=CHEAP, host="0.0.0.0") as client:
        client.headers["accept-language"] = "en"
        yield client


async def come_in(console: httpx.AsyncClient, back: str = "/cases?tab=over") -> httpx.Response:
    """Follow the link of the page of sign-in to the provider and back."""
    left = await console.get("/sign-in/provider", params={"back": back})
    async with httpx.AsyncClient(trust_env=False) as outside:
        answer = await outside.get(left.headers["location"])
    return await console.get(answer.headers["location"])


async def test_a_person_signs_in_to_the_console_by_the_provider(console: httpx.AsyncClient, idp: Idp) -> None:
    page = await console.get("/sign-in?back=/cases")
    assert 'href="/sign-in/provider?back=/cases"' in page.text
    assert "Sign in with Acme" in page.text
    idp.claims["realm_access"] = {"roles": ["care"]}
    answer = await come_in(console)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases?tab=over")
    assert "Ana Souza" in (await console.get("/cases")).text
    assert (await console.get("/users")).status_code == 403
    idp.claims |= {"realm_access": {"roles": ["ops"]}, "name": "Ana S. Lima"}
    assert (await come_in(console, "//evil.example")).headers["location"] == "/"
    assert "Ana S. Lima" in (await console.get("/users")).text
    async with store_of(console).read() as connection:
        assert len(await accounts.every(connection)) == 1


async def test_who_is_refused_is_told_so(console: httpx.AsyncClient, idp: Idp) -> None:
    answer = await come_in(console)
    assert answer.status_code == 403
    assert "have no role here" in answer.text
    assert "recupera_session" not in console.cookies
    for path in ("/sign-in/provider/back", "/sign-in/provider/back?code=x&state=y"):
        assert "not completed" in (await console.get(path)).text
    app_of(console).state.sign_in.provider._app._server_metadata_url = "http://127.0.0.1:9/"
    app_of(console).state.sign_in.provider._app.server_metadata.clear()
    answer = await console.get("/sign-in/provider")
    assert answer.status_code == 502
    assert "be reached" in answer.text
