"""Mails for tests, composed here: nobody wrote them."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from datetime import UTC, datetime, timedelta

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
