"""What reads the words of strangers, each with inputs that try it and with what must hold of every one of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from pydantic import ValidationError

from api.channels import signatures
from api.channels.arrival import ShapeError, as_record
from api.channels.email.mime import UnreadableError, parse, read
from api.channels.service import VENDORS
from api.channels.settings import (
    ChatwootSettings,
    FreshdeskSettings,
    GenericSettings,
    SignatureScheme,
    ZammadSettings,
    ZendeskSettings,
)
from api.channels.signatures import Sent, UnsignedError
from api.console.translation import best_language
from api.recovery.reading import default_policy_text, parse_policy
from classifier.errors import InputError
from classifier.facts import extract_facts
from classifier.formats import Format, open_records
from classifier.limits import MAX_CHARACTERS
from classifier.markup import _MARKUP, strip_markup
from classifier.preprocessing import preprocess
from classifier.quoting import own_spans, own_words
from classifier.records import Columns
from classifier.redaction import find_personal_data, redact
from tests.api.channels import payloads

MARK: Final = "secretísimo"
"""A word in many inputs that no error may repeat."""

NOW: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: inputs for it, and what raises where it fails one of them."""

    name: str
    inputs: st.SearchStrategy[Any]
    hold: Callable[[Any], None]


def quiet(error: Exception) -> None:
    """Hold that an error says nothing of what was read."""
    assert MARK not in str(error), "an error repeats its input"


# Texts

PIECES: Final = st.sampled_from(
    [
        "<b>", "</b>", "<div>", "<br/>", "<blockquote>", "</blockquote>", "<!--", "-->", "<script>", "</script>",
        "<style>", "<title>", "<!DOCTYPE ", "<a href='", "&lt;", "&amp;", "&amp;amp;lt;", "&#x3c;", "&#99999999;",
        "<", ">", "&", "\n", "\r\n", "\n> ", "\n>> ", "\n-- \n", "\n\n", " ", "\t", "\u00a0", "\u200b", "\u202e", "\0",
        "El lun, 3 nov 2025 a las 10:00, Ana <ana@example.org> escribió:", "De: ", "Enviado: ", "Em ter., escreveu:",
        "-----Mensaje original-----", "________________", "Enviado desde mi iPhone", "Asunto: ", "Para: ", "Cc: ",
        "Atentamente,", "ana@example.org", "https://example.org/a?b=", "@ana", "+34 600 11 22 33", "(11) 98765-4321",
        "4111 1111 1111 1111", "ES91 2100 0418 4502 0005 1332", "123.456.789-09", "12345678Z", "R$ 1.234,56", "50 €",
        "me llamo ", "meu nome é ", "María José ", "da Silva ", "calle Mayor 5, 3º B", "hace 3 días", "12/13/2026",
        "$", "%", ".", ",", "-", "(", ")", "1", "00", "a", "Á", "ñ", "ﬁ", "½", "٣", "\ud800", "😡", MARK,
    ]
)  # fmt: skip
TEXTS: Final = st.one_of(
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=60).map("".join),
    st.text(max_size=200),
    st.builds(
        lambda piece, times: "".join(piece) * times, st.lists(PIECES, min_size=1, max_size=3), st.integers(1, 400)
    ),
).map(lambda text: text[:MAX_CHARACTERS])


def hold_markup(text: str) -> None:
    """Hold that HTML becomes text without markup, and stays what it is."""
    stripped = strip_markup(text)
    assert not _MARKUP.search(stripped) or stripped == text
    assert strip_markup(stripped) == stripped or "<" in stripped or "&" in stripped


def hold_quoting(text: str) -> None:
    """Hold that the words of a sender are a part of the text."""
    own_words(text)
    last = 0
    for start, end in own_spans(text):
        assert last <= start <= end <= len(text)
        last = end


def hold_masking(text: str) -> None:
    """Hold that what was found lies in the text, in its order, apart."""
    last = 0
    for found in find_personal_data(text):
        assert last <= found.start < found.end <= len(text)
        last = found.end
    redact(text)


def hold_reading(text: str) -> None:
    """Hold that the steps before the model, and the facts, take any text."""
    preprocess(text)
    for language in ("es", "pt", None):
        for fact in extract_facts(text, language):
            assert text[fact.start : fact.end] == fact.text


# Mails

NAMES: Final = st.sampled_from(
    [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"References", b"In-Reply-To", b"Content-Type",
     b"Content-Transfer-Encoding", b"Content-Disposition", b"MIME-Version", b"X-A", b"Auto-Submitted"]
)  # fmt: skip
VALUES: Final = st.sampled_from(
    [
        b"Ana <ana@example.org>", b"=?utf-8?Q?Se=C3=B1or?= <a@example.org>", b"=?utf-8?B?////?=", b"=?x-no?Q?=ff?=",
        b"=?" + b"a" * 80 + b"?Q?b?=", b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=\"b\"",
        b"message/rfc822", b"text/html; charset=utf-7", b"text/plain; charset=\"iso-8859-1\"; format=flowed",
        b"text/plain; charset*0=utf; charset*1=-8", b"application/ms-tnef; name=winmail.dat", b"base64", b"binary",
        b"quoted-printable", b"x-uuencode", b"attachment; filename*=utf-8''%E2%82%AC", b"attachment; filename=\"\\\"",
        b"Thu, 31 Feb 2026 25:61:61 +9999", b"Mon, 2 Nov 2026 10:00:00 -0300", b"<a@b> <c@d>", b"<" * 50, b"a@" * 60,
        b"\xff\xfe", b"\r\n x", b"1.0", b"(((((", b";;;=;", MARK.encode(),
    ]
)  # fmt: skip
HEADERS: Final = st.lists(st.tuples(NAMES, st.one_of(VALUES, st.binary(max_size=12))), max_size=8).map(
    lambda pairs: b"".join(name + b": " + value + b"\r\n" for name, value in pairs)
)
BODIES: Final = st.one_of(
    st.binary(max_size=80),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"SGVsbG8=\r\n", b"=E9=\r\n=", b"\x78\x9f\x3e\x22\x00\x00", b"begin 644 a\n#86)C\nend\n", b"+ADw-b+AD4-"]
    ),
)
PARTS: Final = st.lists(st.builds(lambda head, body: head + b"\r\n" + body, HEADERS, BODIES), min_size=1, max_size=4)
MAILS: Final = st.one_of(
    st.builds(lambda head, parts: head + b"\r\n" + b"\r\n--b\r\n".join(parts) + b"\r\n--b--\r\n", HEADERS, PARTS),
    st.builds(
        lambda head, parts: b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n" + head
        + b"\r\n--b\r\n" + b"\r\n--b\r\n".join(parts) + b"\r\n--b--\r\n", HEADERS, PARTS,
    ),
    st.binary(max_size=200),
)  # fmt: skip


def hold_mail(raw: bytes) -> None:
    """Hold that a mail is read, or said to be nested too deep; nothing else is foreseen."""
    try:
        mail = read(parse(raw), raw)
    except UnreadableError as error:
        quiet(error)
        if error.__cause__ is not None:
            raise error.__cause__ from None
        return
    assert len(mail.text) <= MAX_CHARACTERS
    assert "\0" not in mail.text
    mail.text.encode()
    assert all("\n" not in name and "\r" not in name for name in (*mail.attachments, mail.sender or ""))


# Help desks

SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(), TEXTS, st.just("9" * 4000),
    st.integers(4000, 4290).map(lambda digits: 10**digits),
    st.sampled_from(["2026-11-01T12:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01", "1e999", "inf", "²", MARK]),
)  # fmt: skip
JSONS: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
EXAMPLES: Final[Mapping[str, tuple[Any, list[Any]]]] = {
    "zendesk": (ZendeskSettings(verify="none"), [payloads.zendesk_event(), payloads.zendesk_trigger()]),
    "freshdesk": (FreshdeskSettings(verify="none"), [payloads.freshdesk()]),
    "zammad": (ZammadSettings(verify="none"), [payloads.zammad()]),
    "chatwoot": (
        ChatwootSettings(verify="none"),
        [getattr(payloads, name)() for name in ("chatwoot", "chatwoot_message") if hasattr(payloads, name)]
        or [{"event": "message_created", "id": 1, "content": "Llegó roto", "message_type": "incoming",
             "account": {"id": 1}, "conversation": {"id": 7, "labels": ["vip"]}, "sender": {"id": 3, "type": "contact"},
             "created_at": "2026-03-03T13:05:57Z", "private": False}],
    ),
    "generic": (
        GenericSettings(
            verify="none", html=True, items="messages", only="id",
            map={"external_id": "id", "text": "text", "thread_id": "thread", "received_at": "at", "subject": "subject",
                 "customer_id": "who.id", "country": "who.country", "value_tier": "who.tier", "metadata.shop": "shop"},
        ),
        [{"messages": [{"id": 1, "text": "Llegó roto", "at": 1772542957, "subject": "Ay", "thread": "t", "shop": 3,
                        "who": {"id": "c", "country": "BR", "tier": "gold"}}]}],
    ),
}  # fmt: skip


def places(value: Any, *way: Any) -> list[tuple[Any, ...]]:
    """Return the way to everything within."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, ...]] = []
    for key, one in inside:
        found += [(*way, key), *places(one, *way, key)]
    return found


def with_changes(example: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    """Return an example with other things in some of its places."""
    changed = json.loads(json.dumps(example))
    for way, value in changes:
        try:
            within = changed
            for key in way[:-1]:
                within = within[key]
            within[way[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    return changed


@st.composite
def webhooks(draw: st.DrawFn, vendor: str) -> bytes:
    """Return the bytes of a webhook: an example with changes, or anything."""
    example = draw(st.sampled_from(EXAMPLES[vendor][1]))
    changes = st.lists(st.tuples(st.sampled_from(places(example)), JSONS), min_size=1, max_size=3)
    payload = draw(st.one_of(changes.map(lambda made: with_changes(example, made)), JSONS))
    written = json.dumps(payload).encode()
    cut = draw(st.one_of(st.none(), st.integers(0, len(written))))
    return written if cut is None else written[:cut] + draw(st.binary(max_size=3))


def hold_webhook(vendor: str) -> Callable[[bytes], None]:
    """Return what holds that a webhook is read, or said to be in no known shape, and fits the database."""

    def hold(body: bytes) -> None:
        try:
            payload = VENDORS[vendor].parse(body)
        except (ValueError, RecursionError):
            return
        try:
            reading = VENDORS[vendor].read(payload, EXAMPLES[vendor][0], NOW)
        except ShapeError as error:
            quiet(error)
            return
        for arrival in reading.arrivals:
            record = as_record(arrival, NOW)
            json.dumps(record.content).encode()
            assert len(record.channel) <= 64
            assert len(record.thread_id) <= 512
            assert len(record.key) <= 255
            content = record.content or {}
            assert len(content.get("external_id", "")) <= 512
            assert len((content.get("customer") or {}).get("id", "")) <= 256
            assert len(content.get("text", "")) <= MAX_CHARACTERS

    return hold


SECRETS: Final = ["s3creto"]
CHECKS: Final = [
    signatures.chatwoot(SECRETS, timedelta(seconds=300)),
    signatures.zendesk(SECRETS, timedelta(seconds=300)),
    signatures.zammad(SECRETS, timedelta(seconds=300)),
    signatures.token(SECRETS),
    signatures.scheme(SignatureScheme(timestamp_header="X-Time", encoding="base64"), SECRETS, timedelta(seconds=300)),
]
HEADER_VALUES: Final = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.sampled_from(["sha256=", "sha1=00", "sha256=" + "0" * 64, "Bearer ", "Bearer x", "Basic eDp5", "Basic ====",
                     "1793534400", "9" * 400, "-1", "²", "2026-11-01T12:00:00", "0001-01-01T00:00:00+23:59",
                     "9999-12-31T23:59:59-23:59", "2026-11-01T12:00:00Z", MARK]),
)  # fmt: skip
SIGNED: Final = st.tuples(
    st.dictionaries(
        st.sampled_from(
            ["x-chatwoot-signature", "x-chatwoot-timestamp", "x-zendesk-webhook-signature", "x-hub-signature",
             "x-zendesk-webhook-signature-timestamp", "authorization", "x-recupera-token", "x-signature", "x-time"]
        ),
        HEADER_VALUES,
    ),
    st.dictionaries(st.just("token"), HEADER_VALUES),
    st.binary(max_size=40),
)  # fmt: skip


def hold_signatures(given: tuple[dict[str, str], dict[str, str], bytes]) -> None:
    """Hold that nothing that was not signed passes."""
    for check in CHECKS:
        try:
            check(Sent(*given, at=NOW))
        except UnsignedError as error:
            quiet(error)
        else:
            raise AssertionError("a forged request passes")


EXPRESSIONS: Final = st.lists(
    st.sampled_from(
        [
            "@",
            "id",
            "text",
            "messages",
            ".",
            "[*]",
            "[0]",
            "[?id]",
            "[::-1]",
            "[::0]",
            "|",
            "||",
            "&&",
            "!",
            "&",
            "(",
            ")",
            "{",
            "}",
            ":",
            ",",
            "'a'",
            '"b"',
            "`1`",
            "`1e999`",
            "==",
            "<",
            "-1",
            "9" * 30,
            "[]",
            "*",
            " ",
            "ceil(",
            "floor(",
            "abs(",
            "to_number(",
            "to_string(",
            "to_array(",
            "length(",
            "keys(",
            "sort(",
            "sort_by(",
            "max(",
            "avg(",
            "sum(",
            "join('', ",
            "contains(",
            "map(",
            "merge(",
            "not_null(",
            "reverse(",
            "type(",
            "values(",
            "starts_with(",
        ]
    ),
    min_size=1,
    max_size=8,
).map("".join)


def hold_mapping(given: tuple[str, str, Any]) -> None:
    """Hold that an expression is refused in the settings, or finds something, or does not fit."""
    expression, items, payload = given
    try:
        chosen = GenericSettings(verify="none", items=items, map={"external_id": expression, "text": expression})
    except ValidationError:
        return
    try:
        VENDORS["generic"].read(payload, chosen, NOW)
    except ShapeError as error:
        quiet(error)


# Files

POLICY: Final = default_policy_text()
POLICIES: Final = st.one_of(
    st.builds(
        lambda at, length, put: POLICY[:at] + put + POLICY[at + length :],
        st.integers(0, len(POLICY)),
        st.integers(0, 400),
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(
                [
                    "[[",
                    "]]",
                    "{" * 200,
                    "[" * 3000,
                    '"""',
                    "'''",
                    "=",
                    "\n",
                    "1e999",
                    "0x",
                    "9" * 5000,
                    "2026-02-30",
                    "\ud800",
                ]
            ),
        ),
    ),
    st.text(max_size=80),
    st.lists(
        st.sampled_from(["[a]", "a.b=1", "[[a]]", "a={", "}", "\n", '"', "=", "[", "]", "1", "#", "\\u"]), max_size=40
    ).map("".join),
)


def hold_policy(text: str) -> None:
    """Hold that a text is a policy, or an error that says where."""
    try:
        parse_policy(text, "policy.toml")
    except InputError:
        return


LINES: Final = st.one_of(
    st.binary(max_size=60),
    JSONS.map(lambda value: json.dumps(value).encode()),
    st.builds(lambda text, name: json.dumps({"id": name, "text": text}).encode(), TEXTS, SCALARS),
    st.sampled_from(
        [
            b"id,text",
            b"id;text;language",
            b'"a""b",c',
            b'"',
            b"a,b,c,d",
            b"\xef\xbb\xbfid,text",
            b"sep=;",
            b"\0",
            b"[" * 3000,
            b'{"text": "' + b"a" * 30_000 + b'"}',
            b"\xff\xfei\0d\0",
            b"a" * 140_000,
        ]
    ),
)
FILES: Final = st.builds(
    lambda lines, end: end.join(lines), st.lists(LINES, max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"])
)


def hold_records(kind: Format) -> Callable[[bytes], None]:
    """Return what holds that a file gives records, bad records, or one error for all of it."""

    def hold(content: bytes) -> None:
        try:
            with open_records(io.BytesIO(content), kind, Columns(), name="input") as reading:
                for record in reading.records:
                    str(record)
        except InputError:  # names the columns of the operator's own file
            return

    return hold


def _parquet() -> bytes:
    """Return a small table."""
    out = io.BytesIO()
    columns = {
        "id": ["1", "2", None],
        "text": ["Llegó roto", "", "Não chegou"],
        "language": ["es", None, "pt"],
        "n": [1, 2, 3],
    }
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


TABLE: Final = _parquet()
TABLES: Final = st.one_of(
    st.lists(st.tuples(st.integers(0, len(TABLE) - 1), st.integers(0, 255)), min_size=1, max_size=4).map(
        lambda changes: _changed(TABLE, changes)
    ),
    st.integers(0, len(TABLE)).map(lambda end: TABLE[:end]),
    st.binary(max_size=60).map(lambda content: b"PAR1" + content + b"PAR1"),
)


def _changed(content: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(content)
    for at, value in changes:
        changed[at] = value
    return bytes(changed)


LANGUAGES: Final = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.lists(
        st.sampled_from(["es", "pt-BR", "*", ";q=", "0.5", "1e999", "nan", ",", " ", "q", "=", "-", ";"]), max_size=30
    ).map("".join),
)


def hold_language(header: str) -> None:
    """Hold that a browser's wish leads to a language of ours."""
    assert best_language(header) in ("es", "pt", "en")


TARGETS: Final = (
    Target("mail", MAILS, hold_mail),
    Target("html", TEXTS, hold_markup),
    Target("quoting", TEXTS, hold_quoting),
    Target("personal data", TEXTS, hold_masking),
    Target("facts", TEXTS, hold_reading),
    *(Target(f"webhook {vendor}", webhooks(vendor), hold_webhook(vendor)) for vendor in EXAMPLES),
    Target("signatures", SIGNED, hold_signatures),
    Target("JMESPath", st.tuples(EXPRESSIONS, EXPRESSIONS, JSONS), hold_mapping),
    Target("policy", POLICIES, hold_policy),
    Target("JSON Lines", FILES, hold_records(Format.JSONL)),
    Target("CSV", FILES, hold_records(Format.CSV)),
    Target("Parquet", TABLES, hold_records(Format.PARQUET)),
    Target("Accept-Language", LANGUAGES, hold_language),
)
