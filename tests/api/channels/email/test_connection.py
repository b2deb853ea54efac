from __future__ import annotations

import socket
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from api.channels.email.check import by_token, examined, proposal, tried_settings
from api.channels.email.connection import LostError, Mailbox, RefusedError
from api.channels.email.settings import InboxSettings
from api.channels.email.tagging import TAGS
from api.channels.email.writing import writer_of
from classifier.errors import InputError
from tests.api.channels.email import dovecot as dovecots
from tests.api.channels.email.dovecot import Dovecot
from tests.api.channels.email.mails import mail

OAUTH = """\
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {file}
}}
passdb {{
  driver = static
  args = password=s3creto
}}
"""


class Provider(BaseHTTPRequestHandler):
    """Gives tokens for the refresh token ``lasting``, and tells whose they are."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if "refresh_token" in form:
            good = form["refresh_token"] == ["lasting"] and form["client_secret"] == ["shh"]
            self._answer(200 if good else 400, b'{"access_token": "fresh"}' if good else b'{"error": "invalid_grant"}')
            return
        good = form.get("token") == ["fresh"]
        self._answer(200, b'{"username": "ana@example.org", "active": true}' if good else b'{"active": false}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def changed(inbox: InboxSettings, **settings: Any) -> InboxSettings:
    return InboxSettings.model_validate({**inbox.model_dump(), **settings})


def opened(inbox: InboxSettings, **settings: Any) -> Any:
    return closing(Mailbox.open(changed(inbox, **settings)))


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_connects_by_tls_to_who_can_be_trusted(dovecot: Dovecot, inbox: InboxSettings, tls: str) -> None:
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    with opened(inbox, tls=tls, port=port, host="localhost", ca_file=str(dovecot.ca_file)) as mailbox:
        assert mailbox.state.uidvalidity > 0
    with pytest.raises(RefusedError, match="certificate that is not trusted"):
        Mailbox.open(changed(inbox, tls=tls, port=port, host="localhost"))


def test_says_which_folder_is_not_there(inbox: InboxSettings) -> None:
    with pytest.raises(RefusedError, match="has no folder 'Nada'"):
        Mailbox.open(changed(inbox, folder="Nada"))


def test_says_that_nobody_answers(inbox: InboxSettings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(LostError, match="the connection failed"):
        Mailbox.open(changed(inbox, port=port))


def test_finds_mail_by_number_and_by_day(dovecot: Dovecot, inbox: InboxSettings, user: str) -> None:
    for number in (1, 2, 3):
        dovecot.deliver(user, mail(number=number))
    with opened(inbox) as mailbox:
        assert mailbox.uids() == [1, 2, 3]
        assert mailbox.uids(above=2) == [3]
        assert mailbox.uids(above=3) == []
        assert mailbox.uids(since=date.today() - timedelta(days=1)) == [1, 2, 3]
        assert mailbox.uids(since=date.today() + timedelta(days=2)) == []


def test_reads_the_beginning_of_a_large_mail(dovecot: Dovecot, inbox: InboxSettings, user: str) -> None:
    raw = mail("texto " * 20_000)
    dovecot.deliver(user, raw)
    with opened(inbox, max_bytes=16 * 1024) as mailbox:
        (read,) = mailbox.read([1])
        assert len(read.raw) == 16 * 1024
        assert mailbox.sizes([1])[1] > len(read.raw)


def test_a_token_is_fetched_and_opens_the_mailbox(
    inbox: InboxSettings, provider: str, public_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = public_folder / "oauth.conf"
    settings.write_text(
        f"introspection_mode = post\nintrospection_url = {provider}/tokens\nusername_attribute = username\n"
        "active_attribute = active\nactive_value = true\n"
    )
    for name, value in (("LASTING", "lasting"), ("SECRET", "shh"), ("STALE", "stale"), ("FRESH", "fresh")):
        monkeypatch.setenv(name, value)
    oauth = {
        "token_url": provider,
        "client_id": "recupera",
        "client_secret_env": "SECRET",
        "refresh_token_env": "LASTING",
    }
    passdb = OAUTH.format(file=settings)
    monkeypatch.setattr(dovecots, "PASSWORD", "s3creto")
    with closing(dovecots.running({"passdb": passdb, "mechanisms": "xoauth2"})) as servers:
        there = {"port": next(servers).port, "username": "ana@example.org", "password_env": None}
        with opened(inbox, **there, oauth=oauth) as mailbox:
            assert mailbox.uids() == []
        with opened(inbox, **there, token_env="FRESH") as mailbox:
            assert mailbox.uids() == []
        with pytest.raises(RefusedError, match="refuses user name and token"):
            Mailbox.open(changed(inbox, **there, token_env="STALE"))
        with pytest.raises(InputError, match=r"gave no access token \(HTTP 400\)"):
            Mailbox.open(changed(inbox, **there, oauth={**oauth, "refresh_token_env": "STALE"}))


def test_a_server_that_takes_no_keywords_is_told_apart(inbox: InboxSettings) -> None:
    with opened(inbox) as mailbox:
        keywords, labels = writer_of(inbox), writer_of(changed(inbox, write="labels"))
        assert keywords is not None
        assert labels is not None
        keywords.require(mailbox)
        with pytest.raises(RefusedError, match="no Gmail labels"):
            labels.require(mailbox)
        mailbox.state = type(mailbox.state)(1, 0, 0, frozenset({"\\seen", *TAGS}))
        keywords.require(mailbox)
        mailbox.state = type(mailbox.state)(1, 0, 0, frozenset({"\\seen"}))
        with pytest.raises(RefusedError, match='set write = "folders"'):
            keywords.require(mailbox)


def test_check_says_what_is_there(dovecot: Dovecot, inbox: InboxSettings, user: str) -> None:
    dovecot.deliver(user, mail())
    client = dovecot.client(user)
    for folder in ("Trash", "Archive", "Sent"):
        client.create(folder)
    client.logout()
    good, lines = examined(inbox)
    said = "\n".join(lines)
    assert good
    assert lines[-2] == "  folders: INBOX, Archive, Sent, Trash"
    for piece in ("'INBOX': 1 mails", "told at once (IDLE)", "keywords of any name: yes", 'write = "keywords" works'):
        assert piece in said


def test_check_says_what_would_work(inbox: InboxSettings) -> None:
    good, lines = examined(changed(inbox, write="labels"))
    assert not good
    assert 'this would work: write = "keywords"' in lines[-1]


def test_what_is_proposed_is_read_back_as_it_was(inbox: InboxSettings) -> None:
    odd = changed(inbox, name='so"porte\\', username="a\\b@example.org", since=date.today())
    (table,) = tomllib.loads(proposal(odd))["inbox"]
    read = InboxSettings.model_validate(table)
    assert (read.name, read.username, read.since, read.write) == (odd.name, odd.username, odd.since, odd.write)


@pytest.mark.parametrize(
    ("host", "scope", "write"),
    [("outlook.office365.com", "IMAP.AccessAsUser.All", "folders"), ("imap.gmail.com", "mail.google.com", "labels")],
)
def test_check_knows_who_wants_a_token(host: str, scope: str, write: str) -> None:
    (table,) = tomllib.loads(by_token(host, "soporte@example.org") or "")["inbox"]
    read = InboxSettings.model_validate(table)
    assert read.oauth is not None
    assert scope in str(read.oauth.scope)
    assert (read.write, read.since) == (write, date.today())
    assert by_token("imap.example.org", "soporte@example.org") is None


def test_check_proposes_settings_only_where_the_certificate_is_trusted(
    dovecot: Dovecot, inbox: InboxSettings, user: str
) -> None:
    assert '[[inbox]]\nname = "soporte"' in proposal(inbox)
    assert "since" not in proposal(inbox)
    with pytest.raises(RefusedError, match="certificate that is not trusted"):
        tried_settings("localhost", user, "INBOX_PASSWORD", dovecot.tls_port)


@pytest.mark.parametrize(
    ("given", "tried", "said"),
    [
        (0, [("implicit", 993), ("starttls", 143)], "neither port 993 nor port 143 answers"),
        (993, [("implicit", 993)], "port 993 does not answer"),
        (143, [("implicit", 143), ("starttls", 143)], "port 143 does not answer"),
    ],
)
def test_check_tries_no_port_but_the_one_that_is_given(
    given: int, tried: list[tuple[str, int]], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int | None]] = []

    def silent(settings: InboxSettings) -> Mailbox:
        seen.append((settings.tls, settings.port))
        raise LostError(f"no answer on {settings.port}")

    monkeypatch.setattr(Mailbox, "open", silent)
    with pytest.raises(InputError) as caught:
        tried_settings("imap.example.org", "soporte@example.org", "INBOX_PASSWORD", given)
    assert seen == tried
    assert str(caught.value) == f"no answer on {tried[0][1]}; {said}: write the settings by hand"


class Hasty:
    """An IMAP server that tells of a change in one piece with its go-ahead for IDLE, and of nothing afterwards."""

    def __init__(self, told: bytes) -> None:
        self._told = told
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection, connection.makefile("rwb") as stream:
            self._say(stream, b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
            for line in stream:
                tag, command = line.split()[0], line.split()[1:2]
                if line.strip() == b"DONE":
                    self._say(stream, self._waiting + b" OK done\r\n")
                elif command == [b"IDLE"]:
                    self._waiting = tag
                    self._say(stream, b"+ idling\r\n" + self._told)
                else:
                    about = b"* CAPABILITY IMAP4rev1 IDLE\r\n" if command == [b"CAPABILITY"] else b""
                    opened = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n" if command == [b"SELECT"] else b""
                    self._say(stream, about + opened + tag + b" OK done\r\n")

    def _say(self, stream: Any, words: bytes) -> None:
        stream.write(words)
        stream.flush()


@pytest.mark.parametrize(
    ("told", "seconds"), [(b"* 1 FETCH (FLAGS (\\Seen))\r\n", 0), (b"* 2 EXISTS\r\n", 0), (b"* OK Still here\r\n", 1)]
)
def test_what_is_told_together_with_the_go_ahead_is_heard(inbox: InboxSettings, told: bytes, seconds: float) -> None:
    with closing(Hasty(told)) as server, opened(inbox, port=server.port, tls="none") as mailbox:
        mailbox.told_of_new_mail()
        began = time.monotonic()
        mailbox.wait(1 if seconds else 60, lambda: False)
        assert (time.monotonic() - began >= 0.9) == bool(seconds)
