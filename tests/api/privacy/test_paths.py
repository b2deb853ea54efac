"""What the log says of an address: our own words and identifiers, nothing that a caller made up."""

from __future__ import annotations

import pytest

from api.observability import _shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/messages", "/v1/messages"),
        ("/v1/export.csv", "/v1/export.csv"),
        ("/v1/cases/01a22761-62b7-7c21-bc6e-21ff96c1104a/steps/confirm_solved/complete",
         "/v1/cases/01a22761-62b7-7c21-bc6e-21ff96c1104a/steps/confirm_solved/complete"),
        ("/v1/messages/eva@correo.example", "/v1/messages/…"),
        ("/v1/messages/390.533.447-05", "/v1/messages/…"),
        ("/Evangelina Luz/\n2026-01-01 INFO", "/…/…"),
        ("/" + "a" * 9000, "/…"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_a_caller_put_in_it(path: str, shown: str) -> None:
    assert _shown(path) == shown
