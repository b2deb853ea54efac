"""Of a page only so much is read that none takes long."""

from __future__ import annotations

import pytest

from api.channels import markup
from api.channels.arrival import plain
from api.channels.markup import LONGEST_PAGE, words_of


def test_the_beginning_of_a_page_is_read() -> None:
    assert words_of("<p>Llegó <b>roto</b></p>").strip() == "Llegó roto"
    assert words_of("<p>Llegó roto</p>" + "<i></i>" * LONGEST_PAGE + "<p>fin</p>").strip() == "Llegó roto"


@pytest.mark.parametrize("whole", ["Llegó roto <img src='data:", "<p>Llegó roto</p><!-- ", "Llegó roto </div "])
def test_a_tag_that_is_cut_is_left_out(whole: str) -> None:
    assert words_of(whole + "x" * LONGEST_PAGE + "'>").strip() == "Llegó roto"


def test_what_is_no_tag_is_no_tag_where_it_is_cut_either() -> None:
    assert words_of("1 < 2 " + "x" * LONGEST_PAGE).startswith("1 < 2 xxx")


def test_no_more_is_parsed_of_what_a_help_desk_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(markup, "strip_markup", lambda page: parsed.append(page) or "")
    plain("<div>" * LONGEST_PAGE, html=True)
    assert [len(page) for page in parsed] == [LONGEST_PAGE]
