"""A look at a mailbox before it is followed: what the server can do, what is there, what to write in the settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.channels.email.connection import LostError, Mailbox
from api.channels.email.settings import InboxSettings, Tls, Write
from api.channels.email.writing import writer_of
from classifier.errors import InputError

__all__ = ["examined", "proposal", "tried_settings"]

_FOLDERS: Final = 30
_WAYS: Final = ((Tls.IMPLICIT, 993), (Tls.STARTTLS, 143))


def tried_settings(host: str, username: str, password_env: str, port: int = 0) -> InboxSettings:
    """Return settings that work with this server, the safest first; raise what the last way met if none does."""
    failure: Exception | None = None
    for tls, usual in _WAYS:
        tried = InboxSettings(
            name=_name(username),
            host=host,
            port=port or usual,
            tls=tls,
            username=username,
            password_env=password_env,
            timeout_seconds=15,
        )
        try:
            mailbox = Mailbox.open(tried)
        except LostError as error:
            failure = failure or error
            continue
        except InputError as error:
            raise InputError(f"{error} (port {tried.port})") from None
        try:
            return tried.model_copy(update={"write": _best(mailbox)})
        finally:
            mailbox.close()
    raise InputError(
        f"{failure}; neither port {_WAYS[0][1]} nor port {_WAYS[1][1]} answers: write the settings by hand"
    )


def proposal(inbox: InboxSettings) -> str:
    """Return the settings as they stand in ``recupera.toml``."""
    lines = ["# recupera.toml", "[[inbox]]"]
    for name in ("name", "host", "port", "tls", "username", "password_env", "folder", "write"):
        value = getattr(inbox, name)
        lines.append(f"{name} = {value}" if isinstance(value, int) else f'{name} = "{value}"')
    return "\n".join(lines) + "\n"


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
    folders = [name for name, flags in mailbox.folders() if "\\Noselect" not in flags]
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
