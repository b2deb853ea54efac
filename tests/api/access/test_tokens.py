"""Keys are random, tell themselves from other texts, and can't be told from what is stored."""

from __future__ import annotations

import re

import pytest

from api.access.tokens import digest, is_well_formed, new_token, prefix_of


def test_no_two_keys_are_alike() -> None:
    assert len({prefix_of(new_token()) for _ in range(1000)}) == 1000


def test_a_key_has_a_form_that_scanners_find() -> None:
    for _ in range(100):
        token = new_token()
        assert re.fullmatch(r"rcp_[0-9A-Za-z]{49}", token)
        assert is_well_formed(token)


def test_a_mistyped_key_is_no_key() -> None:
    token = new_token()
    for place in range(4, len(token)):
        other = "x" if token[place] != "x" else "y"
        assert not is_well_formed(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("text", ["", "rcp_", "rcp_" + "0" * 48, "rcp_" + "0" * 50, "RCP_" + "0" * 49])
def test_other_texts_are_no_keys(text: str) -> None:
    assert not is_well_formed(text)


def test_what_is_stored_follows_from_the_key_and_the_server_secret() -> None:
    token = new_token()

    stored = digest(token, b"a" * 32)

    assert re.fullmatch(r"[0-9a-f]{64}", stored)
    assert stored == digest(token, b"a" * 32)
    assert stored != digest(token, b"b" * 32)
    assert stored != digest(new_token(), b"a" * 32)
