from __future__ import annotations

import pytest

from api.channels.email import mime
from api.channels.email.parking import Parked, parked
from api.channels.email.settings import InboxSettings
from tests.api.channels.email.mails import mail

INBOX = InboxSettings(
    name="a", host="h", username="Soporte@example.org", password_env="P", own=("@tienda.example", "ana@agencia.example")
)


def why(raw: bytes, inbox: InboxSettings = INBOX) -> Parked | None:
    return parked(mime.parse(raw), inbox)


def headed(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", "No llegó nada"]).encode()


def test_lets_customers_through() -> None:
    assert why(mail()) is None
    assert why(mail(Auto_Submitted="no", Precedence="normal", Return_Path="<marta@example.com>")) is None
    assert why(mail(subject="Sobre la oficina: fuera de lugar")) is None


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: x",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        "Subject: Respuesta automática: Pedido",
        "Subject: =?utf-8?q?Resposta_autom=C3=A1tica=3A_x?=",
        "Subject: Out of the office until Monday",
    ],
)
def test_parks_automatic_replies(line: str) -> None:
    assert why(headed(line, "From: x@example.com")) is Parked.AUTO_REPLY


@pytest.mark.parametrize(
    "line",
    [
        "From: Mail Delivery <MAILER-DAEMON@mx.example.com>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
        "X-Failed-Recipients: marta@example.com",
    ],
)
def test_parks_bounces(line: str) -> None:
    assert why(headed(line)) is Parked.BOUNCE


@pytest.mark.parametrize("line", ["List-Id: <a.example.com>", "Precedence: bulk", "Precedence: LIST"])
def test_parks_lists_unless_the_address_is_one(line: str) -> None:
    assert why(headed(line)) is Parked.LIST
    assert why(headed(line), INBOX.model_copy(update={"lists": "read"})) is None


@pytest.mark.parametrize("sender", ["soporte@EXAMPLE.org", "Bot <x@tienda.example>", "ANA@agencia.example"])
def test_parks_our_own_mail(sender: str) -> None:
    assert why(headed(f"From: {sender}")) is Parked.OWN


def test_does_not_take_others_of_a_host_for_us() -> None:
    assert why(headed("From: eva@agencia.example")) is None
    assert why(headed("From: eva@sub.tienda.example")) is None


def test_parks_what_goes_round() -> None:
    assert why(headed("X-Loop: soporte@example.org")) is Parked.LOOP
    assert why(headed(*["Received: from a by b"] * 60)) is Parked.LOOP
    assert why(headed(*["Received: from a by b"] * 12)) is None
