from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.channels import markup
from api.channels.email import mime
from tests.api.channels.email.mails import MILD, QUOTED_ES, QUOTED_PT, mail
from tests.api.channels.email.test_tnef import tnef

RAW = [json.loads(line) for line in (Path(__file__).parents[3] / "golden/mails.jsonl").read_text("utf-8").splitlines()]
"""Whole mails in HTML, as the programs named write them in Spanish and Portuguese; the words are ours."""

HEAD = b"From: Caio <Caio@Example.com>\r\nMessage-ID: <7@example.com>\r\n"


def read(raw: bytes) -> mime.Mail:
    return mime.read(mime.parse(raw), raw)


def part(kind: str, text: str) -> str:
    return f"Content-Type: {kind}; charset=utf-8\r\n\r\n{text}\r\n"


def many(kind: str, *parts: str, name: str = "b") -> str:
    inside = "".join(f"--{name}\r\n{each}\r\n" for each in parts)
    return f'Content-Type: multipart/{kind}; boundary="{name}"\r\n\r\n{inside}--{name}--\r\n'


def composed(kind: str, *parts: str) -> bytes:
    return HEAD + many(kind, *parts).encode()


@pytest.mark.parametrize("case", RAW, ids=[case["name"] for case in RAW])
def test_what_each_program_makes_of_a_reply_is_read_without_its_history(case: dict[str, str]) -> None:
    assert read(case["mail"].encode()).text == case["expected"]


def test_reads_who_wrote_what_when() -> None:
    found = read(mail(MILD, number=3, References="<first@x> <second@x>"))
    assert found.sender == "marta@example.com"
    assert found.identifier == "<3@mail.example.com>"
    assert found.thread == "<first@x>"
    assert found.sent_at == datetime(2026, 11, 3, 9, 3, tzinfo=UTC)


def test_puts_the_subject_above_a_first_mail_only() -> None:
    assert read(mail(MILD, subject="Caldera rota")).text == f"Caldera rota\n\n{MILD}"
    assert read(mail(MILD, subject="Re: Caldera rota")).text == MILD
    assert read(mail(MILD, subject="Caldera rota", In_Reply_To="<1@x>")).text == MILD
    assert read(mail(f"{MILD}\nGracias", subject=MILD)).text.count(MILD) == 1


def test_reads_a_mail_that_is_only_a_subject() -> None:
    assert read(mail("", subject="¿Dónde está mi pedido?")).text == "¿Dónde está mi pedido?"


@pytest.mark.parametrize("history", [QUOTED_ES, QUOTED_PT])
def test_leaves_quoted_history_out(history: str) -> None:
    assert read(mail(MILD + history, subject="RE: Pedido")).text == MILD


def test_takes_the_plain_one_of_alternatives() -> None:
    assert read(mail("Texto llano", subject="", html="<p>Texto <b>rico</b></p>")).text == "Texto llano"


def test_takes_the_page_where_the_plain_alternative_is_empty() -> None:
    raw = composed("alternative", part("text/plain", " "), part("text/html", "<p>La silla<br>está rota</p>"))
    assert read(raw).text.split() == ["La", "silla", "está", "rota"]


def test_reads_a_page_without_scripts_styles_and_quotations() -> None:
    page = "<style>p{}</style><script>alert(1)</script><p>No llegó&nbsp;nada</p><blockquote>Antes</blockquote>"
    assert read(HEAD + part("text/html", page).encode()).text.replace("\xa0", " ") == "No llegó nada"


def test_joins_the_texts_around_a_picture() -> None:
    picture = "Content-Type: image/png; name=foto.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
    found = read(composed("mixed", part("text/plain", "Llegó así:"), picture, part("text/plain", "y así no sirve")))
    assert found.text == "Llegó así:\n\ny así no sirve"
    assert found.attachments == ("foto.png",)


def test_takes_the_root_of_a_page_with_pictures() -> None:
    picture = "Content-Type: image/png\r\nContent-ID: <1>\r\n\r\nx\r\n"
    related = many("related", part("text/html", "<p>Mirad la foto</p><img src='cid:1'>"), picture, name="r")
    found = read(composed("alternative", part("text/plain", ""), related))
    assert found.text.strip() == "Mirad la foto"
    assert found.attachments == ("image/png",)


def test_names_attachments_and_does_not_read_them() -> None:
    message = EmailMessage()
    message.set_content("Adjunto la factura")
    message.add_attachment("nadie debe leer esto", filename="notas.txt")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="factura\r\n ñ.pdf")
    found = read(message.as_bytes())
    assert found.text == "Adjunto la factura"
    assert found.attachments == ("notas.txt", "factura ñ.pdf")


def test_reads_a_mail_that_was_forwarded_as_an_attachment() -> None:
    inner = mail("La lavadora pierde agua", subject="Queja")
    enclosed = f"Content-Type: message/rfc822\r\n\r\n{inner.decode()}"
    found = read(composed("mixed", part("text/plain", "\r\n"), enclosed))
    assert "La lavadora pierde agua" in found.text
    own = read(composed("mixed", part("text/plain", "Os paso lo de ayer, sigue igual"), enclosed))
    assert own.text == "Os paso lo de ayer, sigue igual"


def test_keeps_what_was_forwarded_as_a_quotation() -> None:
    page = "<div>---------- Forwarded message ---------<blockquote>La lavadora pierde agua</blockquote></div>"
    raw = HEAD + b"Subject: Fwd: Queja\r\n" + part("text/html", page).encode()
    assert "La lavadora pierde agua" in read(raw).text


def test_reads_the_body_in_winmail_dat() -> None:
    data = base64.b64encode(tnef(body="El técnico no vino".encode("cp1252"))).decode()
    head = 'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64'
    found = read(composed("mixed", f"{head}\r\n\r\n{data}\r\n"))
    assert found.text == "El técnico no vino"
    assert found.attachments == ("winmail.dat",)


def test_joins_the_lines_that_a_program_has_broken() -> None:
    flowed = part("text/plain; format=flowed", "El pedido \r\nllegó tarde.\r\n\r\n-- \r\nMarta")
    assert read(HEAD + flowed.encode()).text.startswith("El pedido llegó tarde.")


def test_joins_lines_whatever_they_are() -> None:
    lines = "uno \r\ndos \r\n > tres \r\n> cuatro \r\ncinco \r\n\r\nseis"
    kept = part("text/plain; format=flowed", lines)
    joined = part("text/plain; format=flowed; delsp=yes", lines)
    assert read(HEAD + b"Subject: Re: x\r\n" + kept.encode()).text == "uno dos > tres \n> cuatro \ncinco \nseis"
    assert read(HEAD + b"Subject: Re: x\r\n" + joined.encode()).text == "unodos> tres \n> cuatro \ncinco\nseis"


def test_decodes_headers_of_every_making() -> None:
    encoded = b"Subject: =?utf-8?b?RGV2b2x1Y2nDs24=?= =?iso-8859-1?q?_ca=F1a?=\r\n"
    bare = "Subject: Devolución caña\r\n"
    for subject in (encoded, bare.encode(), bare.encode("latin-1")):
        assert read(HEAD + subject + b"\r\nHola").text.startswith("Devolución caña")


def test_reads_on_where_headers_are_broken() -> None:
    broken = b'Content-Type: text/plain; charset="utf-8; name*0*=x\r\nDate: ayer\r\nFrom: =?utf-8?q?x <<a@@b\r\n'
    found = read(broken + b"\r\nNo funciona nada")
    assert found.text == "No funciona nada"
    assert found.sent_at is None


def test_refuses_parts_within_parts_without_end() -> None:
    body = part("text/plain", "fondo")
    for level in range(600):
        body = many("mixed", body, name=f"b{level}")
    with pytest.raises(mime.UnreadableError, match="nested"):
        read(HEAD + body.encode())


@pytest.mark.parametrize("name", ["boundary*", "boundary*0", "BOUNDARY ", "boundary\r\n "])
def test_refuses_parts_within_parts_however_their_borders_are_written(name: str) -> None:
    body = part("text/plain", "fondo")
    for level in range(101):
        body = many("mixed", body, name=f"b{level}").replace("boundary", name, 1)
    with pytest.raises(mime.UnreadableError, match="nested"):
        mime.parse(HEAD + body.encode())


LONG = "; ".join(f"a{number}=b" for number in range(1200))


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + part(f"text/plain; {LONG}", "Hola").encode(),
        HEAD + part("text/plain; " + LONG.replace("; ", ";\r\n\t"), "Hola").encode(),
        HEAD + f"Content-Disposition: inline; {LONG}\r\n\r\nHola".encode(),
        b"Subject: x\rContent-Type: text/plain; " + LONG.encode() + b"\r\n\r\nHola",
        composed("mixed", *(part(f"text/plain; {LONG[:7000]}", "Hola") for _ in range(10))),
        composed("mixed", "Content-Type: message/rfc822\r\n\r\n" + part(f"text/plain; {LONG}", "Hola")),
    ],
)
def test_refuses_headers_that_are_longer_than_anybodys(raw: bytes) -> None:
    with pytest.raises(mime.UnreadableError, match=r"^headers$"):
        mime.parse(raw)


def test_reads_headers_as_long_as_programs_write_them() -> None:
    named = "".join(f";\r\n filename*{number}*={'%C3%B1' * 9}" for number in range(80))
    attached = f"Content-Type: image/png\r\nContent-Disposition: attachment{named}\r\n\r\nx\r\n"
    found = read(composed("mixed", part("text/plain", "Llegó roto"), *(attached for _ in range(9))))
    assert (found.text, len(found.attachments)) == ("Llegó roto", 9)


def test_reads_the_beginning_of_headers_without_end() -> None:
    senders = ", ".join(f"a{number}@example.com" for number in range(9000))
    references = "".join(f"<{number}@example.com>\r\n " for number in range(5000))
    raw = f"From: {senders}\r\nReferences: {references}\r\nSubject: Re: {'no llegó ' * 5000}\r\n\r\nHola"
    found = read(raw.encode())
    assert (found.sender, found.thread, found.text) == ("a0@example.com", "<0@example.com>", "Hola")
    assert len(mime.header(mime.parse(raw.encode()), "Subject")) < 10_000


def test_understands_each_header_once(monkeypatch: pytest.MonkeyPatch) -> None:
    understood: list[str] = []
    understand = HeaderRegistry.__call__

    def count(registry: HeaderRegistry, name: str, value: Any) -> Any:
        understood.append(name)
        return understand(registry, name, value)

    monkeypatch.setattr(HeaderRegistry, "__call__", count)
    read(composed("mixed", *(part("text/plain", f"trozo{number}") for number in range(9))))
    assert understood.count("Content-Type") == 2


def test_reads_no_more_of_pages_than_none_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(markup, "strip_markup", lambda page: parsed.append(page) or "")
    read(composed("mixed", *(part("text/html", "<p>" + "a " * 30_000) for _ in range(4))))
    assert sum(map(len, parsed)) == markup.LONGEST_PAGE


def test_follows_parts_within_parts_as_deep_as_programs_nest_them() -> None:
    body = part("text/plain", "fondo")
    for level in range(18):
        body = many("mixed", body, name=f"b{level}")
    assert read(HEAD + body.encode()).text == "fondo"


def test_reads_no_more_parts_than_anybody_sends() -> None:
    found = read(composed("mixed", *(part("text/plain", f"trozo{number}") for number in range(500))))
    assert "trozo100" in found.text
    assert "trozo400" not in found.text


def test_cuts_what_is_longer_than_the_model_reads() -> None:
    assert len(read(mail("no llegó nada " * 5000)).text) == 20_000


def test_text_can_be_stored() -> None:
    found = read(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\nuno\x00dos \xed\xa0\x80")
    assert "\0" not in found.text
    found.text.encode()


def test_knows_a_mail_again_whatever_servers_add() -> None:
    raw = mail(MILD)
    moved = b"Received: from a by b\r\nX-Spam-Score: 3\r\n" + raw
    assert read(moved).digest == read(raw).digest
    assert read(mail(MILD, number=2)).digest != read(raw).digest
    assert read(raw.replace(b"tarde", b"pronto")).digest != read(raw).digest


def test_long_and_strange_identifiers_stay_distinct() -> None:
    first, second = (f"Message-ID: <{'x' * 900}{end}>\r\n\r\nHola".encode() for end in "ab")
    assert read(first).identifier != read(second).identifier
    assert len(read(first).identifier or "") <= 512
    assert read(b"Message-ID: sin signos\r\n\r\nHola").identifier == "sin signos"
    assert read(b"Subject: x\r\n\r\nHola").identifier is None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600), st.sampled_from([b"", HEAD, composed("mixed", part("text/html", "<p>x</p>"))[:-9]]))
def test_reads_anything(noise: bytes, before: bytes) -> None:
    found = read(before + noise)
    assert len(found.digest) == 64
    found.text.encode()
