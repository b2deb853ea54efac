from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.channels.email.settings import InboxSettings, read_inboxes
from api.settings import read_settings
from classifier.errors import InputError

CONTRACT = """\
[[inbox]]
name = "soporte"
host = "imap.example.org"
port = 993
tls = "implicit"
username = "soporte@example.org"
password_env = "INBOX_PASSWORD"
folder = "INBOX"
write = "keywords"
"""
LEAST: dict[str, Any] = {"name": "a", "host": "h", "username": "u", "password_env": "P"}


def written(folder: Path, text: str) -> Path:
    path = folder / "other.toml"
    path.write_text(text, "utf-8")
    return path


def test_reads_the_documented_table(tmp_path: Path) -> None:
    (inbox,) = read_inboxes(written(tmp_path, CONTRACT))
    assert inbox.address == ("imap.example.org", 993)
    assert inbox.own_addresses == {"soporte@example.org"}


def test_reads_many_and_picks_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, CONTRACT + CONTRACT.replace("soporte", "suporte"))
    assert [inbox.name for inbox in read_inboxes(path)] == ["soporte", "suporte"]
    assert [inbox.name for inbox in read_inboxes(path, ["suporte"])] == ["suporte"]
    with pytest.raises(InputError, match=r"no mailbox is called 'x'; there are soporte, suporte"):
        read_inboxes(path, ["x"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no mailbox"),
        ("inbox = 3", "names no mailbox"),
        ("[[inbox", "is not valid TOML"),
        (CONTRACT + CONTRACT, "two mailboxes are called 'soporte'"),
        (CONTRACT + 'colour = "red"', "inbox 'soporte': colour: no such key is known here"),
        (CONTRACT.replace('"keywords"', '"stars"'), "inbox 'soporte': write: must be "),
        (CONTRACT.replace('password_env = "INBOX_PASSWORD"\n', ""), "exactly one of password_env, token_env"),
        (CONTRACT.replace('"implicit"', '"starttls"'), "port 993 is encrypted from the first byte"),
        (CONTRACT + 'own = ["example.org"]', "own: each is an address"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=r"other\.toml") as caught:
        read_inboxes(written(tmp_path, text))
    assert said in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        read_inboxes(tmp_path / "none.toml")


def test_the_usual_port_follows_from_the_encryption() -> None:
    assert InboxSettings(**LEAST).address[1] == 993
    assert InboxSettings(**LEAST, tls="starttls").address[1] == 143


def test_a_secret_that_is_not_set_is_named() -> None:
    with pytest.raises(InputError, match="environment variable P is not set"):
        InboxSettings(**LEAST).secret("P", {"P": ""})


def test_the_same_file_holds_the_settings_of_the_service(tmp_path: Path) -> None:
    path = written(tmp_path, 'data = "elsewhere"\n' + CONTRACT)
    assert read_settings({}, path).data == Path("elsewhere")
    assert read_settings({"data": Path("mine")}, path).data == Path("mine")
