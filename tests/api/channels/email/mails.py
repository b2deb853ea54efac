"""Mails for tests, composed here: nobody wrote them."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

GRAVE = "Esto es gravísimo: la caldera suelta gas y nadie viene a cerrarla."
MILD = "El pedido llegó tres días tarde y nadie me avisó."
GLAD = "Todo bien, gracias por la entrega de ayer."
UNSURE = "¿? No sé si esto es una reclamación."


def mail(
    text: str = MILD,
    *,
    number: int = 1,
    subject: str = "Pedido 4471",
    sender: str = "Marta Ruiz <marta@example.com>",
    html: str | None = None,
    **headers: str,
) -> bytes:
    """Return a mail as bytes; ``headers`` are added, ``_`` standing for ``-``."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "soporte@example.org"
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime(2026, 11, 3, 9, tzinfo=UTC) + timedelta(minutes=number))
    message["Message-ID"] = f"<{number}@mail.example.com>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


SPANISH = (
    "El pedido {n} llegó con la caja abierta y faltan dos piezas. Quiero que me devuelvan el dinero.",
    "Llevo tres semanas esperando al técnico por la avería {n} y nadie me llama.",
    "El trato de la persona que me atendió en la tienda fue una falta de respeto, caso {n}.",
    "Todo bien con el envío {n}, solo quería dar las gracias a la repartidora.",
)
PORTUGUESE = (
    "A encomenda {n} nunca chegou e ninguém me responde. Quero o meu dinheiro de volta.",
    "Cobraram duas vezes a fatura {n} e já liguei cinco vezes sem solução.",
    "O atendente desligou na minha cara quando perguntei pelo pedido {n}.",
    "Tudo bem com a entrega {n}, só queria agradecer ao motorista.",
)
QUOTED_ES = "\n\nEl lun, 2 nov 2026 a las 10:12, Soporte (<soporte@example.org>) escribió:\n\n> Hola:\n> Lo miramos.\n"
QUOTED_PT = "\n\nEm seg., 2 de nov. de 2026 às 10:12, Suporte <soporte@example.org> escreveu:\n\n> Olá,\n> Vamos ver.\n"


def assorted() -> Iterator[tuple[bytes, bool]]:
    """Yield mails of every kind without end, each with whether a customer wrote it; no two are the same."""
    for number in itertools.count(1):
        text = (SPANISH + PORTUGUESE)[number % 8].format(n=number)
        make = _KINDS[number % len(_KINDS)]
        raw, customer = make(number, text)
        yield raw, customer


def _plain(number: int, text: str) -> tuple[bytes, bool]:
    return mail(text, number=number), True


def _quoted(number: int, text: str) -> tuple[bytes, bool]:
    history = QUOTED_ES if number % 8 < 4 else QUOTED_PT
    return mail(text + history, number=number, subject="Re: Pedido", In_Reply_To="<a@example.org>"), True


def _html(number: int, text: str) -> tuple[bytes, bool]:
    page = f"<html><head><style>p {{color: red}}</style></head><body><p>{text}</p></body></html>"
    raw = mail(text, number=number, html=page)
    return raw.replace(b"multipart/alternative", b"multipart/mixed") if number % 2 else raw, True


def _only_html(number: int, text: str) -> tuple[bytes, bool]:
    head = _head(number, "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit")
    quoted = "<blockquote><p>Estimado cliente: lo miramos.</p></blockquote>"
    return head + f"<div dir=ltr>{text}</div><br>{quoted}".encode(), True


def _lying_charset(number: int, text: str) -> tuple[bytes, bool]:
    declared, real = (("us-ascii", "utf-8"), ("utf-8", "cp1252"), ("iso-8859-1", "utf-8"), ("klingon", "cp1252"))[
        number % 4
    ]
    head = _head(number, f"Content-Type: text/plain; charset={declared}\r\nContent-Transfer-Encoding: 8bit")
    return head + text.encode(real), True


def _broken_parts(number: int, text: str) -> tuple[bytes, bool]:
    head = _head(number, 'Content-Type: multipart/mixed; boundary="b"')
    return (
        head + b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode() + b"\r\n--b\r\nContent-Ty",
        True,
    )


def _broken_base64(number: int, text: str) -> tuple[bytes, bool]:
    head = _head(number, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64")
    return head + base64.b64encode(text.encode())[:-3] + b"\r\n\xff==\r\n", True


def _broken_header(number: int, text: str) -> tuple[bytes, bool]:
    lines = f"From: =?utf-8?q?Mart=C3 <<marta@@example.com\r\nSubject: Devoluci\xf3n {number}\r\nDate: ayer\r\n"
    kind = "Content-Type: text/plain; charset=\"utf-8; name*0*=x\r\nContent-Disposition: inline; filename*=x''%%%\r\n"
    return (lines + kind + "\r\n").encode("latin-1") + text.encode(), True


def _no_header(number: int, text: str) -> tuple[bytes, bool]:
    return b"\r\n" + f"{text} {number}".encode(), True


def _attachment_only(number: int, text: str) -> tuple[bytes, bool]:
    head = _head(number, 'Content-Type: application/pdf; name="factura.pdf"\r\nContent-Transfer-Encoding: base64')
    return head + base64.b64encode(text.encode()), True


def _deep(number: int, text: str) -> tuple[bytes, bool]:
    body = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}"
    for level in range(40):
        body = f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n{body}\r\n--b{level}--\r\n'
    return _head(number, "X-Deep: yes")[:-2] + body.encode(), True


def _automatic(number: int, text: str) -> tuple[bytes, bool]:
    return mail(text, number=number, Auto_Submitted="auto-replied"), False


def _list(number: int, text: str) -> tuple[bytes, bool]:
    return mail(text, number=number, List_Id="<news.example.com>", Precedence="bulk"), False


def _head(number: int, more: str) -> bytes:
    lines = [
        "From: Caio Lima <caio@example.com>",
        f"Subject: Pedido {number}",
        f"Message-ID: <{number}@mail.example.com>",
        "MIME-Version: 1.0",
    ]
    return ("\r\n".join([*lines, more]) + "\r\n\r\n").encode()


_KINDS = (
    _plain, _quoted, _html, _plain, _only_html, _lying_charset, _broken_parts, _quoted, _broken_base64, _plain,
    _broken_header, _no_header, _html, _attachment_only, _automatic, _plain, _list, _deep, _quoted,
)  # fmt: skip
