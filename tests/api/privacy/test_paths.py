"""What the log says of an address: the pattern of its route and our own identifiers, nothing that a caller made up."""

from __future__ import annotations

import pytest

from api.access.ours import path_of

CASE = "01a22761-62b7-7c21-bc6e-21ff96c1104a"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/messages", "/v1/messages"),
        ("/v1/export.csv", "/v1/export.{form}"),
        ("/assets/ana.js", "/assets/{path:path}"),
        (f"/v1/cases/{CASE}", f"/v1/cases/{CASE}"),
        ("/v1/messages/eva@correo.example", "/v1/messages/{message_id}"),
        ("/v1/messages/390.533.447-05", "/v1/messages/{message_id}"),
        ("/v1/messages/evangelina", "/v1/messages/{message_id}"),
        ("/v1/cases/39053344705", "/v1/cases/{case_id}"),
        ("/evangelina/luz", "…"),
        ("/Evangelina Luz/\n2026-01-01 INFO", "…"),
        ("/v1/messages\n", "…"),
        ("/" + "a" * 9000, "…"),
    ],
)
def test_an_address_is_shown_without_what_a_caller_put_in_it(path: str, shown: str) -> None:
    assert path_of({"method": "GET", "path": path}) == shown
    assert path_of({"method": "HEAD", "path": path}) == shown


def test_a_change_is_shown_if_it_is_one_of_ours() -> None:
    step = {"method": "POST", "path": f"/v1/cases/{CASE}/steps/evangelina/complete"}

    assert path_of({"method": "POST", "path": f"/cases/{CASE}/close"}) == f"/cases/{CASE}/close"
    assert path_of({"method": "POST", "path": f"/cases/{CASE}/evangelina"}) == f"/cases/{CASE}/{{change}}"
    assert path_of(step) == f"/v1/cases/{CASE}/steps/{{step}}/complete"
    assert path_of({"method": "EVANGELINA", "path": "/v1/cases"}) == "…"
