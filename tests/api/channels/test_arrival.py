"""What every help desk's webhook is read by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.channels.arrival import ShapeError, identifier, moment, plain

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("value", "read"), [(7, "7"), (0, "0"), (2**63, str(2**63)), (" a-7@x ", "a-7@x"), ("ñ", "ñ")])
def test_an_identifier_is_a_number_or_a_word(value: Any, read: str) -> None:
    assert identifier(value, "id") == read


@pytest.mark.parametrize(
    "value", [True, None, 1.5, "", "a b", "a\nb", "a" * 129, 10**20, 10**4000, -(10**4000), [], {}]
)
def test_what_would_fit_no_column_is_no_identifier(value: Any) -> None:
    with pytest.raises(ShapeError, match=r"^id is no identifier$"):
        identifier(value, "id")


@pytest.mark.parametrize(
    "value", ["", "²", "inf", "1e999", "nan", "9" * 400, -1, 10**30, True, None, [], "0001-01-01T00:00:00+23:59"]
)
def test_a_time_that_can_not_be_true_is_none(value: Any) -> None:
    assert moment(value, NOW) is None


def test_a_text_can_be_stored() -> None:
    assert plain("a\0\ud800b") == "a\ufffd\ufffdb"
    assert plain("<b>a</b> &amp;lt;script&amp;gt;", html=True) == "a"
    assert len(plain("a" * 30_000)) == 20_000
