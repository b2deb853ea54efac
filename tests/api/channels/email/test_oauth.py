"""Tokens asked of a provider that listens here, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from api.channels.email.oauth import access_token
from api.channels.email.settings import InboxSettings
from classifier.errors import InputError


@dataclass
class Provider:
    """What a provider answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b'{"access_token": "good for an hour", "expires_in": 3600}'
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.asked.append(dict(parse_qsl(form, keep_blank_values=True)))
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/token"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("REFRESH", "refresh-me")
    monkeypatch.setenv("CLIENT_SECRET", "client-secret")
    monkeypatch.setenv("NO_PROXY", "*")
    yield found
    server.shutdown()
    server.server_close()


def inbox(url: str, **oauth: str) -> InboxSettings:
    return InboxSettings.model_validate(
        {
            "name": "soporte", "host": "imap.example.org", "username": "soporte@example.org",
            "oauth": {"token_url": url, "client_id": "recupera", "refresh_token_env": "REFRESH", **oauth},
        }
    )  # fmt: skip


def test_the_lasting_token_buys_one_for_now(provider: Provider) -> None:
    assert access_token(inbox(provider.url)) == "good for an hour"
    assert provider.asked == [{"grant_type": "refresh_token", "client_id": "recupera", "refresh_token": "refresh-me"}]


def test_secret_and_scope_are_sent_where_there_are_some(provider: Provider) -> None:
    scope = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
    access_token(inbox(provider.url, client_secret_env="CLIENT_SECRET", scope=scope))
    assert provider.asked[0]["client_secret"] == "client-secret"
    assert provider.asked[0]["scope"] == scope


def test_it_is_asked_for_again_at_each_connection(provider: Provider) -> None:
    settings = inbox(provider.url)
    for token in ("first", "second"):
        provider.body = json.dumps({"access_token": token}).encode()
        assert access_token(settings) == token


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error": "invalid_grant"}'),
        (401, b""),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"access_token": ""}'),
        (200, b'{"access_token": 7}'),
        (200, b'{"token_type": "Bearer"}'),
        (302, b""),
    ],
)
def test_a_refusal_is_a_wrong_setting_and_names_the_inbox_but_no_secret(
    provider: Provider, status: int, body: bytes
) -> None:
    provider.status, provider.body = status, body
    with pytest.raises(InputError, match="soporte") as caught:
        access_token(inbox(provider.url))
    assert str(status) in str(caught.value)
    assert "refresh-me" not in str(caught.value)


@pytest.mark.parametrize("status", [500, 503])
def test_a_provider_with_a_problem_is_tried_again_later(provider: Provider, status: int) -> None:
    provider.status, provider.body = status, b"sorry"
    with pytest.raises(ConnectionError, match="provider has a problem"):
        access_token(inbox(provider.url))


def test_so_is_one_that_does_not_answer(provider: Provider) -> None:
    with pytest.raises(ConnectionError, match="ConnectError"):
        access_token(inbox("http://127.0.0.1:1/token"))


def test_a_token_may_be_in_the_environment_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "from the environment")
    given = {"name": "s", "host": "h", "username": "u@example.org", "token_env": "TOKEN"}
    assert access_token(InboxSettings.model_validate(given)) == "from the environment"


def test_a_secret_that_is_not_set_is_named(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFRESH")
    with pytest.raises(InputError, match="REFRESH"):
        access_token(inbox(provider.url))
    assert not provider.asked
