"""A look at a mailbox before it is followed: what the server can do, what is there, what to write in the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from api.channels.email.connection import LostError, Mailbox
from api.channels.email.settings import InboxSettings, Tls, Write
from api.channels.email.writing import writer_of
from classifier.errors import InputError

__all__ = ["by_token", "examined", "proposal", "tried_settings"]

_FOLDERS: Final = 30
_PROPOSED: Final = ("name", "host", "port", "tls", "username", "password_env", "folder", "write", "since")
_BY_TOKEN: Final[Mapping[tuple[str, ...], Mapping[str, str]]] = {
    ("outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com"): {
        "token_url": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "client_id": "<the application's id>",
        "refresh_token_env": "INBOX_REFRESH_TOKEN",
        "scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
    },
    ("imap.gmail.com", "imap.googlemail.com"): {
        "token_url": "https://oauth2.googleapis.com/token",
        "client_id": "<the client's id>",
        "client_secret_env": "INBOX_CLIENT_SECRET",
        "refresh_token_env": "INBOX_REFRESH_TOKEN",
        "scope": "https://mail.google.com/",
    },
}
_WAYS: Final = ((Tls.IMPLICIT, 993), (Tls.STARTTLS, 143))


def tried_settings(host: str, username: str, password_env: str, port: int = 0) -> InboxSettings:
    """Return settings that work with this server, the safest first; raise what the first way met if none does."""
    failure: Exception | None = None
    ways = [(tls, port or usual) for tls, usual in _WAYS if (tls, port) != (Tls.STARTTLS, _WAYS[0][1])]
    for tls, number in ways:
        tried = InboxSettings(
            name=_name(username),
            host=host,
            port=number,
            tls=tls,
            username=username,
            password_env=password_env,
            timeout_seconds=15,
            since=date.today(),
        )
        try:
            mailbox = Mailbox.open(tried)
        except LostError as error:
            failure = failure or error
            continue
        except InputError as error:
            raise type(error)(f"{error} (port {tried.port})") from None
        try:
            return tried.model_copy(update={"write": _best(mailbox)})
        finally:
            mailbox.close()
    silent = f"port {port} does not answer" if port else f"neither port {_WAYS[0][1]} nor port {_WAYS[1][1]} answers"
    raise InputError(f"{failure}; {silent}: write the settings by hand")


def proposal(inbox: InboxSettings) -> str:
    """Return the settings as they stand in ``recupera.toml``."""
    given = {name: getattr(inbox, name) for name in _PROPOSED if getattr(inbox, name) is not None}
    return "\n".join(["# recupera.toml", "[[inbox]]", *_lines(given)]) + "\n"


def by_token(host: str, username: str) -> str | None:
    """Return the settings for a provider whose mailboxes open by OAuth 2.0; ``None`` for others.

    Microsoft's and Google's documentation of IMAP with OAuth 2.0. What is in angle brackets is to be filled in.
    """
    oauth = next((oauth for known, oauth in _BY_TOKEN.items() if host.lower() in known), None)
    if oauth is None:
        return None
    write = Write.LABELS if "google" in oauth["token_url"] else Write.FOLDERS
    given = {"name": _name(username), "host": host, "username": username, "write": write, "since": date.today()}
    return "\n".join(["# recupera.toml", "[[inbox]]", *_lines(given), "", "[inbox.oauth]", *_lines(oauth)]) + "\n"


def _lines(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield settings as TOML, whose strings may be written as JSON's."""
    for name, value in given.items():
        shown = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
        yield f"{name} = {shown}"


def examined(inbox: InboxSettings) -> tuple[bool, list[str]]:
    """Return whether a mailbox can be followed as it is set, and what is said of it, line by line.

    No mail is read, and nothing is changed.
    """
    try:
        mailbox = Mailbox.open(inbox)
    except (LostError, InputError) as error:
        return False, [f"✗ {error}"]
    try:
        wrong = _what_is_wrong(inbox, mailbox)
        lines = [f"✓ {inbox.name}: connected to {inbox.host} as {inbox.username}", *_seen(inbox, mailbox)]
        if wrong is None:
            lines.append(f'✓ write = "{inbox.write}" works here')
        else:
            lines += [f"✗ {wrong}", f'  this would work: write = "{_best(mailbox)}"']
        return wrong is None, lines
    except LostError as error:
        return False, [f"✗ {error}"]
    finally:
        mailbox.close()


def _seen(inbox: InboxSettings, mailbox: Mailbox) -> Iterator[str]:
    """Yield what is there."""
    state = mailbox.state
    yield f"  folder {inbox.folder!r}: {state.messages:,} mails"
    if inbox.since is not None:
        yield f"  since {inbox.since}: {len(mailbox.uids(since=inbox.since)):,} mails"
    can = mailbox.capabilities
    told = inbox.idle and "IDLE" in can
    yield "  new mail: " + ("told at once (IDLE)" if told else f"asked for every {inbox.poll_seconds:g} s")
    yield f"  keywords of any name: {_yes(state.takes_keywords)}"
    yield f"  moving mail: {_yes(mailbox.moves_safely)}; Gmail labels: {_yes('X-GM-EXT-1' in can)}"
    numbered = "CONDSTORE" in can
    yield "  corrections: " + ("told by change numbers" if numbered else "looked for in the latest 500 mails")
    found = [name for name, flags in mailbox.folders() if "\\Noselect" not in flags]
    folders = sorted(found, key=lambda name: (name.upper() != "INBOX", name))
    more = f" and {len(folders) - _FOLDERS} more" if len(folders) > _FOLDERS else ""
    yield f"  folders: {', '.join(folders[:_FOLDERS])}{more}"


def _what_is_wrong(inbox: InboxSettings, mailbox: Mailbox) -> str | None:
    """Return why tags can't be written as it is set."""
    writer = writer_of(inbox)
    try:
        if writer is not None:
            writer.require(mailbox)
    except InputError as error:
        return str(error)
    return None


def _best(mailbox: Mailbox) -> Write:
    """Return the best way of writing that a server has."""
    if "X-GM-EXT-1" in mailbox.capabilities:
        return Write.LABELS
    if mailbox.state.takes_keywords:
        return Write.KEYWORDS
    return Write.FOLDERS if mailbox.moves_safely else Write.NONE


def _name(username: str) -> str:
    return username.partition("@")[0][:64] or "inbox"


def _yes(fact: bool) -> str:  # noqa: FBT001 - it is what is told
    return "yes" if fact else "no"
