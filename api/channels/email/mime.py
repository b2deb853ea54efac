"""A mail's bytes to what its sender wrote: parts, charsets and forwards sorted out, attachments named and left alone.

Structure is read by the standard library's ``email`` with its modern policy, and with its lenient old one where a
header is so broken that the modern one gives up. RFC 2045 to 2047, RFC 2231, RFC 3676 (``format=flowed``), RFC 5322.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any, Final, TypeVar

from api.channels.email.charsets import decoded
from api.channels.email.tnef import tnef_names, tnef_text
from api.channels.markup import LONGEST_PAGE, words_of
from classifier.limits import MAX_CHARACTERS
from classifier.preprocessing import mended
from classifier.quoting import has_words, own_words

__all__ = ["Mail", "UnreadableError", "header", "parse", "read", "rough_digest", "sender_of"]

_DEPTH: Final = 20
"""Parts within parts that are followed; no mail program makes more than a handful."""

_PARTS: Final = 200
_NESTS: Final = 100
"""Multiparts that a mail may hold: the parser's work grows with their depth."""

_HEADER: Final = 8192
_HEADERS: Final = 65_536
"""Bytes of one header, and of all that say what the parts are: those of programs have some hundreds."""

_LONGEST: Final = 10 * MAX_CHARACTERS
"""Characters in which a sender's own words are looked for, above, below or between those of others."""

_NAMES: Final = 50
_NAME: Final = 120
_IDENTIFIER: Final = 450
_TNEF: Final = ("application/ms-tnef", "application/vnd.ms-tnef")
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]+>")
_FORWARD: Final = re.compile(r"(?i)\s*(?:fwd?|rv|enc|reenv(?:iado)?|wg|tr)\s*:")
_REPLY: Final = re.compile(r"(?i)\s*+(?:re|res|aw|rif|sv|ref)\s*+(?:\[\d+\]\s*+)?:")
_BLOCKQUOTE: Final = re.compile(r"(?i)<(/?)blockquote")
_BYTES: Final = re.compile("[\udc80-\udcff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_BOUNDARY: Final = re.compile(rb"(?i)boundary[\s\d*]*+=")
_OF_PART: Final = re.compile(rb"(?i)(?<![^\r\n])content-[!-9;-~]*+:[^\r\n]*+(?:(?:\r\n|\r|\n)[ \t][^\r\n]*+)*+")
"""A header that says what a part is, wherever it stands: that of an enclosed mail is read too."""

T = TypeVar("T")


class UnreadableError(Exception):
    """A mail is so broken that nothing of it can be read; the message says in one word why."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What was read of a mail.

    ``identifier`` is the Message-ID, ``digest`` a SHA-256 of what stays the same wherever the mail is moved or copied
    to. ``text`` is what its sender wrote, at most 20,000 characters. ``thread`` is the first mail of the conversation.
    """

    identifier: str | None
    digest: str
    sender: str | None
    sent_at: datetime | None
    thread: str | None
    text: str
    attachments: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """What the parts of a mail held besides its text, and how much of its pages is still to be read."""

    forwarded: bool
    names: list[str] = field(default_factory=list)
    enclosed: list[Message[Any, Any]] = field(default_factory=list)
    tnef: list[bytes] = field(default_factory=list)
    parts: int = 0
    left: int = LONGEST_PAGE

    def words(self, page: str) -> str:
        """Return the text of one of the mail's pages, as far as all of them are read."""
        most, self.left = self.left, max(self.left - len(page), 0)
        return words_of(page, most)


def parse(raw: bytes) -> Message[Any, Any]:
    """Return the parts of a mail, their headers still unread.

    Raise ``UnreadableError`` if it nests without end, or if its headers are longer than anybody's.
    """
    _hold_short(raw)
    once = lru_cache(maxsize=_PARTS)(policy.default.header_factory)
    try:
        message: Message[Any, Any] = message_from_bytes(raw, policy=policy.default.clone(header_factory=once))
        for part in islice(_walk(message, 0), _PARTS):
            part.get_content_type(), part.get_filename(), part.get_content_disposition(), part.get_content_charset()
    except RecursionError:
        raise UnreadableError("nested") from None
    except Exception:
        return message_from_bytes(raw, policy=policy.compat32)
    return message


def read(message: Message[Any, Any], raw: bytes) -> Mail:
    """Return what the mail ``raw``, parsed into ``message``, says; raise ``UnreadableError`` if it says nothing."""
    try:
        return _read(message, raw)
    except RecursionError:
        raise UnreadableError("nested") from None
    except Exception as error:
        raise UnreadableError(type(error).__name__) from error


def header(message: Message[Any, Any], name: str) -> str:
    """Return a header's value in one line, decoded as far as it can be; empty if it is missing.

    Of one that is longer than anybody's only the beginning is read.
    """
    whole = _raw(message, name)
    if whole is None:
        return ""
    raw, value = whole[:_HEADER], ""
    if _BYTES.search(raw):  # where there should be none: an old program's 8-bit header
        raw = decoded(raw.encode("utf-8", "surrogateescape"), None)
    elif raw == whole and isinstance(message.policy, policy.EmailPolicy):
        value = _tried(lambda: str(message[name]), "")
    if not value or "=?" in value:
        value = _tried(lambda: str(make_header(decode_header(raw))), raw)
    return " ".join(_CONTROL.sub(" ", mended(value)).split())


def sender_of(message: Message[Any, Any]) -> str | None:
    """Return the first address of the ``From`` header, in lower case."""
    nobody: list[tuple[str, str]] = []
    found = _tried(lambda: getaddresses([header(message, "From")]), nobody)
    return next((address.lower() for _, address in found if "@" in address), None)


def rough_digest(raw: bytes) -> str:
    """Return a digest of a mail that can't be parsed."""
    return sha256(raw).hexdigest()


def _hold_short(raw: bytes) -> None:
    """Refuse a mail that it would take long to take apart."""
    if sum(1 for _ in _BOUNDARY.finditer(raw)) > _NESTS:
        raise UnreadableError("nested")
    lengths = [len(found[0]) for found in _OF_PART.finditer(raw)]
    if max(lengths, default=0) > _HEADER or sum(lengths) > _HEADERS:
        raise UnreadableError("headers")


def _read(message: Message[Any, Any], raw: bytes) -> Mail:
    subject = header(message, "Subject")
    found = _Found(forwarded=bool(_FORWARD.match(subject)))
    body = own_words(_body(message, found)[:_LONGEST])
    identifier = _identifier(message)
    references = _MESSAGE_ID.findall(f"{header(message, 'References')} {header(message, 'In-Reply-To')}")
    thread = _short(references[0]) if references else identifier
    if not references and not found.forwarded and not _REPLY.match(subject):
        body = _with_subject(subject, body)
    return Mail(
        identifier=identifier,
        digest=_digest(message, raw),
        sender=sender_of(message),
        sent_at=_sent_at(message),
        thread=thread,
        text=mended(body).replace("\0", "\ufffd")[:MAX_CHARACTERS],
        attachments=tuple(found.names[:_NAMES]),
    )


def _body(message: Message[Any, Any], found: _Found) -> str:
    """Return the text of a mail; of what it encloses, only if it has no words of its own."""
    text = _text(message, found, 0)
    if not has_words(text):
        for data in found.tnef:
            if has_words(text := found.words(tnef_text(data))):
                return text
        for enclosed in found.enclosed[:1]:
            inner = _Found(forwarded=True)
            text = f"{header(enclosed, 'Subject')}\n\n{_text(enclosed, inner, 1)}"
            found.names += inner.names
    return text.strip()


def _text(part: Message[Any, Any], found: _Found, depth: int) -> str:
    """Return the text of a part and of those within it, and note what else they hold."""
    found.parts += 1
    if depth > _DEPTH or found.parts > _PARTS:
        return ""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        found.enclosed += _children(part)
        return ""
    if part.is_multipart():
        return _many(part, kind, found, depth + 1)
    name = part.get_filename()
    if kind in _TNEF:
        found.tnef.append(_payload(part))
        found.names += map(_shown, tnef_names(found.tnef[-1]))
    if name or part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
        found.names.append(_shown(name) or kind)
        return ""
    return _leaf(part, kind, found)


def _many(part: Message[Any, Any], kind: str, found: _Found, depth: int) -> str:
    """Return the text of a multipart: of alternatives the plainest that has words, of a page its root, else of all."""
    children = _children(part)
    if kind in ("multipart/related", "multipart/signed"):
        texts = [_text(child, found, depth) for child in children]
        return texts[0] if texts else ""
    texts = [_text(child, found, depth) for child in children]
    if kind == "multipart/alternative":
        plain = [child.get_content_type() == "text/plain" for child in children]
        ordered = sorted(zip(plain, texts, strict=True), key=lambda pair: not pair[0])
        return next((text for _, text in ordered if has_words(text)), "")
    return "\n\n".join(text.strip("\n") for text in texts if text.strip())


def _leaf(part: Message[Any, Any], kind: str, found: _Found) -> str:
    """Return the text of a part that is text."""
    text = decoded(_payload(part), part.get_content_charset())
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if kind == "text/html":
        return found.words(_BLOCKQUOTE.sub(r"<\1div", text) if found.forwarded else text)
    if str(part.get_param("format", "")).lower() == "flowed":
        return _unwrapped(text, joined=str(part.get_param("delsp", "")).lower() == "yes")
    return text


def _unwrapped(text: str, *, joined: bool) -> str:
    """Join the lines that ``format=flowed`` has broken: those that end in a space."""
    lines: list[list[str]] = []
    open_line = False
    for line in text.split("\n"):
        quoted = line.startswith(">")
        line = line.removeprefix(" ")  # stuffed
        if open_line and not quoted:
            if joined:
                lines[-1][-1] = lines[-1][-1].removesuffix(" ")
            lines[-1].append(line)
        else:
            lines.append([line])
        open_line = line.endswith(" ") and line != "-- " and not quoted
    return "\n".join("".join(pieces) for pieces in lines)


def _children(part: Message[Any, Any]) -> list[Message[Any, Any]]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _walk(part: Message[Any, Any], depth: int) -> Iterator[Message[Any, Any]]:
    """Yield the parts that are followed."""
    yield part
    if depth < _DEPTH:
        for child in _children(part)[:_PARTS]:
            yield from _walk(child, depth + 1)


def _payload(part: Message[Any, Any]) -> bytes:
    """Return a part's bytes, whatever its transfer encoding made of them."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _with_subject(subject: str, body: str) -> str:
    """Put the subject above the body: people begin there, and some write nothing else."""
    if not has_words(subject) or body.lower().startswith(subject.lower()):
        return body
    return f"{subject}\n\n{body}".strip()


def _identifier(message: Message[Any, Any]) -> str | None:
    """Return the Message-ID."""
    raw = _raw(message, "Message-ID") or ""
    match = _MESSAGE_ID.search(raw)
    value = match[0] if match else " ".join(_CONTROL.sub(" ", mended(raw)).split())
    return _short(mended(value)) if value else None


def _short(identifier: str) -> str:
    """Cut an identifier that is too long to store, and keep it distinct."""
    if len(identifier) <= _IDENTIFIER:
        return identifier
    return f"{identifier[: _IDENTIFIER - 65]}#{sha256(identifier.encode('utf-8', 'replace')).hexdigest()}"


def _digest(message: Message[Any, Any], raw: bytes) -> str:
    """Return what tells a mail from others wherever it is: no header that servers add counts."""
    own = [(_raw(message, name) or "").strip() for name in ("Message-ID", "From", "Date", "Subject")]
    hashed = sha256("\0".join(own).encode("utf-8", "surrogateescape"))
    end = re.search(rb"\r?\n\r?\n", raw)
    hashed.update(b"\0" + raw[end.end() if end else 0 :])
    return hashed.hexdigest()


def _sent_at(message: Message[Any, Any]) -> datetime | None:
    """Return the moment of the ``Date`` header; one without a zone is UTC."""
    moment = _tried(lambda: parsedate_to_datetime(_raw(message, "Date") or ""), None)
    if moment is None:
        return None
    return _tried(lambda: (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), None)


def _shown(name: str | None) -> str:
    """Return a file name that can be shown and stored."""
    return " ".join(_CONTROL.sub(" ", mended(name or "")).split())[:_NAME]


def _raw(message: Message[Any, Any], name: str) -> str | None:
    """Return a header as it was sent, unfolded by nobody."""
    wanted = name.lower()
    return next((str(value) for key, value in message.raw_items() if key.lower() == wanted), None)


def _tried(call: Callable[[], T], otherwise: T) -> T:
    """Return what ``call`` returns, or ``otherwise`` where a header is too broken for it."""
    try:
        return call()
    except Exception:
        return otherwise
