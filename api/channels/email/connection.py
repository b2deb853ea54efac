"""One connection to a mailbox, one folder of it open: read without a trace, tagged, waited at.

Blocking, and to be used by one thread at a time. Mail is fetched with ``BODY.PEEK``, so that nothing counts as seen.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.consts import SHORT_MONTH_NAMES
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.utils import encode_folder

from api.channels.email.oauth import access_token
from api.channels.email.responses import Fetched, fetched
from api.channels.email.settings import InboxSettings, Tls
from classifier.errors import InputError, RecuperaError

__all__ = ["FolderState", "LostError", "Mailbox", "RefusedError"]

_SLICE: Final = 0.5
"""Seconds after which a wait looks whether it should end."""

_PASSING: Final = re.compile(
    r"(?i)\[(UNAVAILABLE|LIMIT|INUSE|SERVERBUG)\]|too many|\bexceeded\b|\btemporar|try again|not connected"
)
"""How servers say no for now: codes of RFC 5530, and what those say that send none."""

_PART: Final = 200
_EMPTY: Final = 3


class LostError(RecuperaError):
    """The server can't be reached, or has hung up: the same may work later."""


class RefusedError(InputError):
    """The server says no to what the settings ask for: a wrong password, no such folder, an unknown certificate."""


@dataclass(frozen=True, slots=True)
class FolderState:
    """What a server said when the folder was opened. ``changes`` is HIGHESTMODSEQ, 0 without CONDSTORE."""

    uidvalidity: int
    messages: int
    changes: int
    keywords: frozenset[str]

    @property
    def takes_keywords(self) -> bool:
        r"""Whether keywords of any name can be made here (``\*`` among PERMANENTFLAGS)."""
        return "\\*" in self.keywords


class Mailbox:
    """An open mailbox."""

    @classmethod
    def open(cls, settings: InboxSettings, *, readonly: bool = False) -> Self:
        """Connect, log in and open the folder; raise ``LostError``, ``RefusedError``, or ``InputError``."""
        with _told(settings):
            box = _connect(settings)
            try:
                _log_in(box, settings)
                _enable_changes(box.client)
                box.folder.set(settings.folder, readonly=readonly)
            except BaseException:
                with suppress(Exception):
                    box.client.shutdown()
                raise
        return cls(box, settings)

    def __init__(self, box: BaseMailBox, settings: InboxSettings) -> None:
        self._box = box
        self._client: Any = box.client
        self._settings = settings
        self.capabilities = frozenset(_capabilities(self._client))
        self.state = self._state()
        self.told_of_new_mail()

    @property
    def where(self) -> str:
        """Return which mailbox this is, for messages."""
        return _where(self._settings)

    def uids(self, *, above: int = 0, since: date | None = None) -> list[int]:
        """Return the UIDs above one, in their order, of mail received at ``since`` or later."""
        wanted = [f"UID {above + 1}:*"]
        if since is not None:
            wanted.append(f"SINCE {since.day}-{SHORT_MONTH_NAMES[since.month - 1]}-{since.year}")
        with _told(self._settings):
            found = self._ask("SEARCH", *wanted)
        numbers = b" ".join(line for line in found if line).split()
        return sorted(uid for uid in map(int, numbers) if uid > above)  # "n:*" names the last one even below n

    def refresh(self) -> None:
        """Have the server look for new mail; a search alone may be of what it knew before."""
        with _told(self._settings):
            self._client.noop()

    def told_of_new_mail(self) -> bool:
        """Say, once, whether the server has told of new mail meanwhile."""
        return bool(self._client.untagged_responses.pop("EXISTS", None))

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the size in bytes of those mails that are there."""
        return {mail.uid: mail.size for mail in self._fetch(uids, "(UID RFC822.SIZE)")}

    def read(self, uids: Sequence[int]) -> list[Fetched]:
        """Return mails, each up to the settings' ``max_bytes``, with their flags."""
        most = self._settings.max_bytes
        return [
            mail for mail in self._fetch(uids, f"(UID INTERNALDATE {self._marks()} BODY.PEEK[]<0.{most}>)") if mail.raw
        ]

    def marks(self, uids: Sequence[int]) -> dict[int, Fetched]:
        """Return the flags, and Gmail's labels, of those mails that are there."""
        return {mail.uid: mail for mail in self._fetch(uids, f"(UID {self._marks()})")}

    def changes(self, since: int) -> list[Fetched]:
        """Return the flags of the mails whose flags changed after ``since`` (RFC 7162)."""
        with _told(self._settings):
            return list(fetched(self._ask("FETCH", "1:*", f"(UID {self._marks()})", f"(CHANGEDSINCE {since})")))

    def mark(self, uids: Sequence[int], item: str, words: Sequence[str]) -> dict[int, Fetched]:
        """Add flags (``item`` is ``FLAGS``) or labels (``X-GM-LABELS``); return what the server says of them then."""
        answered: dict[int, Fetched] = {}
        with _told(self._settings):
            for part in _parts(uids):
                data = self._ask("STORE", _set(part), f"+{item}", f"({' '.join(words)})")
                answered |= {mail.uid: mail for mail in fetched(data)}
        return answered

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails to a folder, which is made if it is not there; no other mail is touched."""
        with _told(self._settings):
            self._make(folder)
            for part in _parts(uids):
                if "MOVE" in self.capabilities:
                    self._ask("MOVE", _set(part), encode_folder(folder).decode("ascii"))
                    continue
                self._ask("COPY", _set(part), encode_folder(folder).decode("ascii"))
                self._ask("STORE", _set(part), "+FLAGS", "(\\Deleted)")
                self._ask("EXPUNGE", _set(part))

    @property
    def moves_safely(self) -> bool:
        """Whether one mail can be moved without expunging others that somebody has marked as deleted."""
        return "MOVE" in self.capabilities or "UIDPLUS" in self.capabilities

    def folder_name(self, *names: str) -> str:
        """Return a folder's full name on this server: its namespace, its delimiter."""
        with _told(self._settings):
            _, data = self._client.namespace()
        words = (data[0] or b"").split(b'"')  # (("INBOX." ".")) NIL NIL
        prefix, delimiter = (words[1].decode(), words[3].decode()) if len(words) > 3 else ("", "/")
        return prefix + (delimiter or "/").join(names)

    def folders(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return name and flags of every folder."""
        with _told(self._settings):
            return [(folder.name, tuple(folder.flags)) for folder in self._box.folder.list()]

    def wait(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Return when something happened in the folder, after ``seconds``, or soon after ``ended`` says so.

        By IDLE (RFC 2177) if the server has it and the settings don't say no.
        """
        if not (self._settings.idle and "IDLE" in self.capabilities):
            _sleep(min(seconds, self._settings.poll_seconds), ended)
            self.refresh()
            return
        with _told(self._settings):
            tag = self._start_idle()
            try:
                self._poll(time.monotonic() + seconds, ended)
            finally:
                self._client.send(b"DONE\r\n")
            self._box.consume_until_tagged_response(tag)

    def close(self) -> None:
        """Log out; nothing is expunged."""
        with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
            self._client.logout()
        with suppress(OSError):  # a logout that was not answered leaves the socket open
            self._client.shutdown()

    def _state(self) -> FolderState:
        """Read what opening the folder answered."""
        flags = b" ".join(self._told_of("PERMANENTFLAGS")).strip(b"()").decode("ascii", "replace").split()
        return FolderState(
            uidvalidity=self._number("UIDVALIDITY"),
            messages=self._number("EXISTS"),
            changes=self._number("HIGHESTMODSEQ"),
            keywords=frozenset(flag.lower() for flag in flags),
        )

    def _told_of(self, name: str) -> list[bytes]:
        return [item for item in self._client.untagged_responses.get(name, []) if isinstance(item, bytes)]

    def _number(self, name: str) -> int:
        told = self._told_of(name)
        return int(told[-1]) if told and told[-1].isdigit() else 0

    def _marks(self) -> str:
        return "FLAGS X-GM-LABELS" if "X-GM-EXT-1" in self.capabilities else "FLAGS"

    def _fetch(self, uids: Sequence[int], items: str) -> Iterator[Fetched]:
        for part in _parts(uids):
            with _told(self._settings):
                data = self._ask("FETCH", _set(part), items)
            yield from fetched(data)

    def _ask(self, command: str, *words: str) -> list[Any]:
        """Send a UID command and return its answers, without those that nobody asked for before."""
        for stale in ("FETCH", "SEARCH"):
            self._client.untagged_responses.pop(stale, None)
        status, data = self._client.uid(command, *words)
        if status != "OK":
            raise imaplib.IMAP4.error(f"{command} was refused")
        return list(data)

    def _make(self, folder: str) -> None:
        if not self._box.folder.exists(folder):
            self._box.folder.create(folder)
            with suppress(ImapToolsError):
                self._box.folder.subscribe(folder, value=True)

    def _start_idle(self) -> bytes:
        """Begin to wait; answers that stand before the server's go-ahead are kept."""
        tag: bytes = self._client._command("IDLE")
        while self._client._get_response() is not None:
            if self._client.tagged_commands.get(tag):
                raise imaplib.IMAP4.error("IDLE was refused")
        return tag

    def _poll(self, until: float, ended: Callable[[], bool]) -> None:
        """Wait for a line. What becomes readable again and again without one is a connection that is closed."""
        if _tells(self._read_already()):
            return
        empty = 0
        while (left := until - time.monotonic()) > 0 and not ended():
            if self._told_of("EXISTS"):
                return
            began = time.monotonic()
            lines = self._box.idle.poll(min(_SLICE, left))
            if _tells(lines):
                return
            empty = empty + 1 if not lines and time.monotonic() - began < min(_SLICE, left) / 2 else 0
            if empty >= _EMPTY:
                raise imaplib.IMAP4.abort("the server hung up")

    def _read_already(self) -> list[bytes]:
        """Return the lines that came in one piece with the go-ahead: the socket does not become readable for them."""
        lines: list[bytes] = []
        seconds = self._client.sock.gettimeout()
        self._client.sock.settimeout(0)
        try:
            while True:
                lines.append(self._client._get_line())
        except (OSError, imaplib.IMAP4.abort):  # there is no whole line: a connection that is closed shows in the wait
            return lines
        finally:
            self._client.sock.settimeout(seconds)


def _tells(lines: Iterable[bytes]) -> bool:
    """Say whether one of the lines tells of more than that the server is still there."""
    return any(not line.upper().startswith(b"* OK") for line in lines)


def _connect(settings: InboxSettings) -> BaseMailBox:
    host, port = settings.address
    wait = settings.timeout_seconds
    if settings.tls is Tls.NONE:
        return MailBoxUnencrypted(host, port, timeout=wait)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file and str(settings.ca_file))
    except OSError as error:
        raise RefusedError(f"inbox {settings.name!r}: ca_file can't be read: {error.strerror}") from None
    kind = MailBox if settings.tls is Tls.IMPLICIT else MailBoxStartTls
    return kind(host, port, timeout=wait, ssl_context=context)


def _log_in(box: BaseMailBox, settings: InboxSettings) -> None:
    if settings.password_env is None:
        token = access_token(settings)
        box.xoauth2(settings.username, token, initial_folder=None)
        return
    password = settings.secret(settings.password_env)
    plain = settings.username.isascii() and password.isascii()
    (box.login if plain else box.login_utf8)(settings.username, password, initial_folder=None)


def _enable_changes(client: Any) -> None:
    """Ask the server to number changes of flags (RFC 7162) where it can."""
    can = _capabilities(client)
    if "CONDSTORE" in can and "ENABLE" in can:
        client.capabilities = tuple(can)
        with suppress(imaplib.IMAP4.error):
            client.enable("CONDSTORE")


def _capabilities(client: Any) -> Iterable[str]:
    """Return what the server can do now that somebody is logged in."""
    _, data = client.capability()
    return (data[0] or b"").decode("ascii", "replace").upper().split()


@contextmanager
def _told(settings: InboxSettings) -> Iterator[None]:
    """Turn what ``imaplib`` and the network raise into our errors, without what the server wrote."""
    where = _where(settings)
    try:
        yield
    except (MailboxLoginError, MailboxFolderSelectError) as error:
        raise _said_no(settings, error) from None
    except ssl.SSLCertVerificationError as error:
        raise RefusedError(f"{where} shows a certificate that is not trusted: {error.verify_message}") from None
    except imaplib.IMAP4.readonly:
        raise RefusedError(f'{where}: the folder {settings.folder!r} can only be read: set write = "none"') from None
    except (imaplib.IMAP4.abort, OSError, EOFError) as error:
        if "TLS not supported" in str(error):
            raise RefusedError(f'{where} has no STARTTLS: set tls = "implicit"') from None
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise LostError(f"{where}: the connection failed: {why}") from None
    except imaplib.IMAP4.error as error:
        raise _said_no(settings, error) from None
    except ImapToolsError as error:
        raise LostError(f"{where} did not do what it was asked for: {type(error).__name__}") from None


def _said_no(settings: InboxSettings, error: Exception) -> RecuperaError:
    """Return what it means that a server said no: for now, or until the settings are others."""
    where, said = _where(settings), str(error)
    if _PASSING.search(said):
        return LostError(f"{where} says no for now")
    if isinstance(error, MailboxLoginError):
        return RefusedError(f"{where} refuses user name and password")
    if isinstance(error, MailboxFolderSelectError):
        return RefusedError(f"{where} has no folder {settings.folder!r} that can be opened")
    if "AUTHENTICATE" in said.upper() or "[AUTH" in said.upper():
        return RefusedError(f"{where} refuses user name and token")
    return LostError(f"{where} did not do what it was asked for")


def _where(settings: InboxSettings) -> str:
    return f"inbox {settings.name!r}: {settings.host}"


def _sleep(seconds: float, ended: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not ended():
        time.sleep(min(_SLICE, left))


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _parts(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut a list so that no command is too long for a server."""
    for start in range(0, len(uids), _PART):
        yield uids[start : start + _PART]
