"""Each vendor's signature: made as the vendor documents it, and refused in every way that a copy or a guess differs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.channels import signatures
from api.channels.settings import SignatureScheme
from api.channels.signatures import Sent, UnsignedError, Verify
from tests.api.channels import conftest as signing

NOW = datetime(2026, 3, 3, 13, 5, 57, tzinfo=UTC)
TOLERANCE = timedelta(minutes=5)
SECRET, OTHER = "one secret", "another secret"
BODY = '{"texto": "¿Dónde está mi pedido?"}'.encode()
VENDORS: dict[str, tuple[Callable[..., Verify], Callable[..., dict[str, str]], str]] = {
    "chatwoot": (
        signatures.chatwoot,
        lambda body, at, secret: signing.chatwoot(body, int(at.timestamp()), secret),
        "X-Chatwoot-Signature",
    ),
    "zendesk": (signatures.zendesk, signing.zendesk, "X-Zendesk-Webhook-Signature"),
    "zammad": (signatures.zammad, lambda body, at, secret: signing.zammad(body, secret), "X-Hub-Signature"),
}
TIMES = {"chatwoot": "X-Chatwoot-Timestamp", "zendesk": "X-Zendesk-Webhook-Signature-Timestamp"}


def sent(headers: dict[str, str], body: bytes = BODY, at: datetime = NOW, **query: str) -> Sent:
    return Sent({name.lower(): value for name, value in headers.items()}, query, body, at)


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    return request.param


def check(vendor: str, *secrets: str) -> Verify:
    return VENDORS[vendor][0](secrets or (SECRET,), TOLERANCE)


def signed(vendor: str, body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    return VENDORS[vendor][1](body, at=at, secret=secret)


def refused(verify: Verify, request: Sent) -> str:
    with pytest.raises(UnsignedError) as caught:
        verify(request)
    return str(caught.value)


def test_what_the_vendor_signed_passes_and_passes_again(vendor: str) -> None:
    for _ in range(2):
        check(vendor)(sent(signed(vendor)))


def test_while_a_secret_is_changed_both_are_good(vendor: str) -> None:
    for secret in (SECRET, OTHER):
        check(vendor, OTHER, SECRET)(sent(signed(vendor, secret=secret)))
    assert "wrong" in refused(check(vendor, OTHER), sent(signed(vendor)))


def test_an_unsigned_request_is_refused(vendor: str) -> None:
    headers = signed(vendor)
    del headers[VENDORS[vendor][2]]
    assert "missing" in refused(check(vendor), sent(headers))
    assert "missing" in refused(check(vendor), sent({}))


def test_another_body_is_refused(vendor: str) -> None:
    assert "wrong" in refused(check(vendor), sent(signed(vendor), BODY + b" "))
    assert "wrong" in refused(check(vendor), sent(signed(vendor), b""))


def test_an_empty_and_a_large_body_are_signed_like_any_other(vendor: str) -> None:
    for body in (b"", b"\x00\xff" * 1_000_000):
        check(vendor)(sent(signed(vendor, body), body))


@pytest.mark.parametrize(
    "written", ["", "sha1=", "sha256=", "sha1=zz", "sha256=é", "====", "a", "sha1=" + "0" * 40, "🙂"]
)
def test_no_writing_of_a_signature_breaks_the_check(vendor: str, written: str) -> None:
    headers = {**signed(vendor), VENDORS[vendor][2]: written}
    assert refused(check(vendor), sent(headers)) in ("the signature is wrong", "the signature is missing")


@given(written=st.text(max_size=80), body=st.binary(max_size=80))
@pytest.mark.parametrize("name", VENDORS)
def test_nothing_guessed_passes(name: str, written: str, body: bytes) -> None:
    headers = {**signed(name, body), VENDORS[name][2]: written}
    if headers[VENDORS[name][2]] != signed(name, body)[VENDORS[name][2]]:
        assert refused(check(name), sent(headers, body))


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(("minutes", "good"), [(-6, False), (-4, True), (4, True), (6, False), (60 * 24 * 365, False)])
def test_a_copy_is_refused_once_it_is_old_and_so_is_one_from_the_future(name: str, minutes: int, good: bool) -> None:
    request = sent(signed(name, at=NOW + timedelta(minutes=minutes)))
    if good:
        check(name)(request)
    else:
        assert "too old" in refused(check(name), request)


@pytest.mark.parametrize("name", TIMES)
def test_the_time_is_signed_too(name: str) -> None:
    old = signed(name, at=NOW - timedelta(hours=1))
    fresh = {**old, TIMES[name]: signed(name)[TIMES[name]]}
    assert "wrong" in refused(check(name), sent(fresh))
    without = {header: value for header, value in old.items() if header != TIMES[name]}
    assert "wrong" in refused(check(name), sent(without))


@pytest.mark.parametrize("written", ["", "soon", "9" * 400, "2026-99-99T00:00:00Z", "²"])
def test_a_time_that_is_none_is_refused_even_if_it_is_signed(written: str) -> None:
    given = SignatureScheme(header="X-Sign", timestamp_header="X-Time", separator=".")
    verify = signatures.scheme(given, [SECRET], TOLERANCE)
    digest = hmac.new(SECRET.encode(), f"{written}.".encode() + BODY, hashlib.sha256).hexdigest()
    headers = {"X-Sign": digest} | ({"X-Time": written} if written else {})
    assert refused(verify, sent(headers)) in (
        "the signature's time can't be read", "the signature is too old, or this machine's clock is wrong",
    )  # fmt: skip


def test_zammad_signs_no_time_so_that_only_its_name_tells_a_copy() -> None:
    check("zammad")(sent(signed("zammad"), at=NOW + timedelta(days=400)))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"X-Recupera-Token": SECRET}, {}),
        ({"Authorization": f"Bearer {SECRET}"}, {}),
        ({"Authorization": f"bearer   {SECRET} "}, {}),
        ({"Authorization": basic("desk", SECRET)}, {}),
        ({"Authorization": basic(SECRET, "X")}, {}),
        ({}, {"token": SECRET}),
        ({"Authorization": "Bearer of bad news"}, {"token": SECRET}),
    ],
)
def test_a_shared_secret_passes_wherever_a_help_desk_can_put_it(headers: dict[str, str], query: dict[str, str]) -> None:
    signatures.token([OTHER, SECRET])(sent(headers, **query))


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "missing"),
        ({"X-Recupera-Token": ""}, "missing"),
        ({"Authorization": "Basic not base64"}, "missing"),
        ({"Authorization": f"Digest {SECRET}"}, "missing"),
        ({"X-Recupera-Token": SECRET[:-1]}, "wrong"),
        ({"X-Recupera-Token": f"{SECRET} "}, "wrong"),
        ({"Authorization": basic("desk", "guess")}, "wrong"),
        ({"X-Recupera-Token": "contraseña🙂"}, "wrong"),
    ],
)
def test_without_the_shared_secret_nobody_is_believed(headers: dict[str, str], said: str) -> None:
    assert said in refused(signatures.token([SECRET]), sent(headers))
    assert SECRET not in refused(signatures.token([SECRET]), sent(headers))


def test_who_checks_nothing_says_so_in_the_settings() -> None:
    signatures.nobody(sent({}))
