"""Tags to the server: as keywords, as Gmail's labels, or as folders. Nothing else of a mail is changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Protocol

from api.channels.email.connection import Mailbox, RefusedError
from api.channels.email.responses import Fetched, label, tags_among
from api.channels.email.settings import InboxSettings, Write
from api.channels.email.tagging import REVIEW, TAGS, labels_of
from classifier.taxonomy import SEVERITY

__all__ = ["Writer", "flags_of", "folder_of", "writer_of"]

_REVIEW_FOLDER: Final = "Review"
_FLAGGED: Final = "\\Flagged"


class Writer(Protocol):
    """One way of writing tags."""

    @property
    def reads_back(self) -> bool:
        """Whether the tags of a mail can be read later, so that people's changes show."""

    def require(self, mailbox: Mailbox) -> None:
        """Raise ``RefusedError`` that says what to do instead if this server can't."""

    def there(self, mail: Fetched) -> tuple[str, ...]:
        """Return the tags that a mail bears."""

    def write(self, mailbox: Mailbox, uids: Sequence[int], tags: Collection[str]) -> set[int]:
        """Write tags to mails; return the UIDs of those on which they are now."""


class _Keywords:
    """IMAP keywords."""

    reads_back = True

    def __init__(self, flag: str | None) -> None:
        self._flag = flag

    def require(self, mailbox: Mailbox) -> None:
        _require_flag(mailbox, self._flag)
        state = mailbox.state
        if not state.takes_keywords and not state.keywords.issuperset(TAGS):
            raise RefusedError(
                f"{mailbox.where} keeps no keywords of our names in this folder (PERMANENTFLAGS has no \\*): "
                'set write = "folders", or "none" to write nothing'
            )

    def there(self, mail: Fetched) -> tuple[str, ...]:
        return tags_among(mail, None)

    def write(self, mailbox: Mailbox, uids: Sequence[int], tags: Collection[str]) -> set[int]:
        answered = mailbox.mark(uids, "FLAGS", [*tags, *flags_of(tags, self._flag)])
        return {uid for uid, mail in answered.items() if set(self.there(mail)) >= set(tags)}


class _Labels:
    """Gmail's labels, which people see as folders."""

    reads_back = True

    def __init__(self, prefix: str, flag: str | None) -> None:
        self._prefix = prefix
        self._flag = flag

    def require(self, mailbox: Mailbox) -> None:
        _require_flag(mailbox, self._flag)
        if "X-GM-EXT-1" not in mailbox.capabilities:
            raise RefusedError(f'{mailbox.where} has no Gmail labels: set write = "keywords" or "folders"')

    def there(self, mail: Fetched) -> tuple[str, ...]:
        return tags_among(mail, self._prefix)

    def write(self, mailbox: Mailbox, uids: Sequence[int], tags: Collection[str]) -> set[int]:
        if flags := flags_of(tags, self._flag):
            mailbox.mark(uids, "FLAGS", flags)
        answered = mailbox.mark(uids, "X-GM-LABELS", [f'"{label(self._prefix, tag)}"' for tag in tags])
        return {uid for uid, mail in answered.items() if set(self.there(mail)) >= set(tags)}


class _Folders:
    """A folder for each severity, and one for what a person should look at; what is no complaint stays."""

    reads_back = False

    def __init__(self, prefix: str, flag: str | None) -> None:
        self._prefix = prefix
        self._flag = flag

    def require(self, mailbox: Mailbox) -> None:
        _require_flag(mailbox, self._flag)
        if not mailbox.moves_safely:
            raise RefusedError(
                f"{mailbox.where} can't move one mail without expunging others (neither MOVE nor UIDPLUS): "
                'set write = "keywords", or "none" to write nothing'
            )

    def there(self, mail: Fetched) -> tuple[str, ...]:
        return ()

    def write(self, mailbox: Mailbox, uids: Sequence[int], tags: Collection[str]) -> set[int]:
        folder = folder_of(tags)
        if flags := flags_of(tags, self._flag):
            mailbox.mark(uids, "FLAGS", flags)
        if folder is not None:
            mailbox.move(uids, mailbox.folder_name(self._prefix, folder))
        return set(uids)


def folder_of(tags: Collection[str]) -> str | None:
    """Return the folder for mail with these tags: ``Critical`` to ``Low``, ``Review``; ``None`` where it stays."""
    severities = labels_of(SEVERITY, tags)
    if severities:
        return severities[-1].capitalize()
    return _REVIEW_FOLDER if REVIEW in tags else None


def flags_of(tags: Collection[str], least: str | None) -> list[str]:
    r"""Return ``\Flagged`` for tags of the severity ``least`` or above; nothing without one."""
    severities = labels_of(SEVERITY, tags)
    order = SEVERITY.label_ids
    grave = least is not None and bool(severities) and order.index(severities[-1]) >= order.index(least)
    return [_FLAGGED] if grave else []


def _require_flag(mailbox: Mailbox, least: str | None) -> None:
    """Raise ``RefusedError`` if mails are to be flagged and this folder keeps no flag."""
    if least is not None and mailbox.state.keywords and _FLAGGED.lower() not in mailbox.state.keywords:
        raise RefusedError(f"{mailbox.where} keeps no \\Flagged in this folder (PERMANENTFLAGS): leave out flag")


def writer_of(inbox: InboxSettings) -> Writer | None:
    """Return the way that the settings name; ``None`` in shadow mode."""
    ways: dict[Write, Writer | None] = {
        Write.KEYWORDS: _Keywords(inbox.flag),
        Write.LABELS: _Labels(inbox.folder_prefix, inbox.flag),
        Write.FOLDERS: _Folders(inbox.folder_prefix, inbox.flag),
        Write.NONE: None,
    }
    return ways[inbox.write]
