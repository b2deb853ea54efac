import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from api.delivery.signing import ROTATION, check_secret, headers, new_secret, rotated


@given(st.text())
def test_what_is_signed_verifies(body: str) -> None:
    body = body.encode("utf-8", "replace").decode()
    secret, now = new_secret(), datetime.now(UTC)
    signed = headers(rotated([], secret, now), "id-1", body, now)
    Webhook(secret).verify(body, signed, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + " ", signed, json_parse=False)


def test_a_secret_is_new_every_time_and_valid() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {check_secret(secret) for secret in made} == made


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("secreto", "must begin with whsec_"),
        ("whsec_", "24 to 64 bytes"),
        ("whsec_secreto!", "base64"),
        ("whsec_" + base64.b64encode(b"a" * 23).decode(), "24 to 64 bytes"),
        ("whsec_" + base64.b64encode(b"a" * 65).decode(), "24 to 64 bytes"),
        ("whsec_ñ", "base64"),
    ],
)
def test_a_weak_secret_is_refused_without_quoting_it(secret: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        check_secret(secret)
    assert secret.removeprefix("whsec_")[:5] not in str(caught.value).replace("whsec_", "") or secret == "whsec_"


@pytest.mark.parametrize("size", [24, 25, 64])
def test_padding_may_be_left_out(size: int) -> None:
    secret = "whsec_" + base64.b64encode(b"a" * size).decode()
    assert check_secret(secret.rstrip("=")) == secret.rstrip("=")


def test_two_are_valid_during_a_rotation_and_one_after() -> None:
    now = datetime.now(UTC)
    first, second, third = (new_secret() for _ in range(3))
    known = rotated(rotated([], first, now - timedelta(days=9)), second, now)
    for secret in (first, second):
        Webhook(secret).verify("{}", headers(known, "1", "{}", now))
    assert len(headers(known, "1", "{}", now + ROTATION)["webhook-signature"].split()) == 1
    assert [item["secret"] for item in rotated(known, third, now)] == [third, second]
    assert [item["secret"] for item in rotated(known, second, now)] == [second]
