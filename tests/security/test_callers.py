"""Nobody, keys and people ask for calls, pages and paths, with the same few inputs each time; ``fuzz.py`` tries on."""

from __future__ import annotations

from functools import partial
from typing import Any

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis import strategies as st

from api.access.scopes import Role, Scope
from api.access.table import TABLE, Anyone, Rule
from tests.security.callers import CALLERS, NOBODY, PEOPLE, Caller
from tests.security.described import SETTINGS, Described
from tests.security.pages import asks, hold_page
from tests.security.paths import Knock, hold_path, knocks
from tests.security.trials import calls

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")  # other threads draw


def named(caller: Caller) -> str:
    return caller.name


def few(inputs: st.SearchStrategy[Any], hold: Any, count: int) -> None:
    """Try a few inputs, the same each time."""

    @hypothesis.settings(SETTINGS, max_examples=count, phases=(Phase.generate,))
    @hypothesis.given(inputs)
    def each(given: Any) -> None:
        hold(given)

    each()


@pytest.mark.parametrize("caller", CALLERS, ids=named)
def test_a_call_is_answered_to_whom_the_table_lets_have_it(described: Described, caller: Caller) -> None:
    few(calls(described), partial(described.check_as, caller), 12)


@pytest.mark.parametrize("caller", [NOBODY, *PEOPLE], ids=named)
def test_a_page_is_given_to_whom_the_table_lets_have_it_and_nothing_runs_on_it(
    described: Described, caller: Caller
) -> None:
    few(asks(dict(described.known)), partial(hold_page, described, caller), 12)


def test_a_path_reaches_a_route_only_for_whom_the_table_lets_have_it(described: Described) -> None:
    few(knocks(dict(described.known)), partial(hold_path, described), 60)


def test_a_route_reached_by_the_wrong_caller_would_be_noticed(
    described: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_path(described, Knock("GET", "/v1/keys", NOBODY))
    monkeypatch.setattr("api.access.guard.allows", lambda _rule, _principal: True)
    agent = PEOPLE[[*Role].index(Role.AGENT)]

    with pytest.raises(AssertionError, match="GET /v1/keys, role agent: 200"):
        hold_path(described, Knock("GET", "/v1/keys", agent))


def test_callers_read_the_table_as_it_is_written() -> None:
    read, admin = Rule(Scope.READ), Rule(Scope.ADMIN)
    names = {caller.name: caller for caller in CALLERS}

    assert [name for name, caller in names.items() if caller.may(admin)] == ["key admin", "role admin"]
    assert names["key read"].may(read)
    assert not names["key write"].may(read)
    assert not names["role manager"].may(TABLE["GET", "/v1/messages"])
    assert not NOBODY.may(Rule(Anyone.KNOWN))
    assert NOBODY.may(Rule(Anyone.PUBLIC))
