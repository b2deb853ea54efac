"""Whatever somebody writes into a policy: a policy or an ``InputError`` that says where, never anything else."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.recovery import Policy, make_plan, policy_from
from api.recovery.check import check_policy
from api.recovery.reading import default_policy_text, parse_policy
from classifier.errors import InputError
from tests.api.recovery.cases import classified, context

TEXT = default_policy_text()
DATA: dict[str, Any] = tomllib.loads(TEXT)


def paths(value: Any, *way: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything within."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*way, key)
        yield from paths(one, *way, key)


PATHS = list(paths(DATA))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["yes", "1 business day", "0 days", "99999999999 business days", "9999999 months", "Europe/Madrid"]
    ),
    st.sampled_from(["", "\x00", "../../etc/passwd", "\ud800", "x" * 5000, "BR", "09:00-18:00", "24:00-24:00"]),
    st.dates(),
    st.datetimes(),
    st.times(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return our policy with something else in one place."""
    data = copy.deepcopy(DATA)
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


def without(path: tuple[Any, ...]) -> dict[str, Any]:
    data = copy.deepcopy(DATA)
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return data


def read(data: dict[str, Any]) -> Policy | None:
    """Return the policy; ``None`` where the file and a place in it were blamed."""
    try:
        return policy_from(data, "mine.toml")
    except InputError as error:
        blamed = str(error)
    assert blamed.startswith("mine.toml: ")
    assert len(blamed) < 10_000
    return None


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_one_wrong_value_is_refused_or_makes_a_policy_that_plans(path: tuple[Any, ...], value: Any) -> None:
    policy = read(changed(path, value))
    if policy is not None:
        assert make_plan(policy, classified(), context()).steps is not None
        assert policy_from(policy.model_dump(mode="json"), "again").digest == policy.digest


@settings(max_examples=25, deadline=None)
@given(path=st.sampled_from(PATHS))
def test_whatever_is_left_out_is_named_or_has_a_default(path: tuple[Any, ...]) -> None:
    policy = read(without(path))
    if policy is not None:
        assert make_plan(policy, classified(severity="critical"), context()).priority


@settings(max_examples=25, deadline=None)
@given(path=st.sampled_from([path for path in PATHS if path[0] in ("policy", "priority", "band", "rule", "guarantee")]))
def test_an_unknown_key_is_refused_by_its_name(path: tuple[Any, ...]) -> None:
    data = changed(path, {"surprise": 1})
    with pytest.raises(InputError, match=r"mine\.toml: "):
        policy_from(data, "mine.toml")


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_policy(text, "mine.toml")
    assert str(caught.value).startswith("mine.toml")


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, len(TEXT)), length=st.integers(1, 400))
def test_a_file_with_a_piece_missing_is_refused_or_can_be_checked(start: int, length: int) -> None:
    try:
        policy = parse_policy(TEXT[:start] + TEXT[start + length :], "mine.toml")
    except InputError:
        return
    assert check_policy(policy) is not None


@pytest.mark.parametrize("opened", ["a = " + "[" * 5000, "a = " + "{a=" * 5000, "[" + "a." * 5000 + "a]"])
def test_tables_within_tables_without_end_are_refused(opened: str) -> None:
    with pytest.raises(InputError, match=r"^mine\.toml"):
        parse_policy(opened, "mine.toml")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("band", 2, "share"), [0.1, float("inf")], "band.moderate.share.1: "),
        (("band", 2, "share"), [float("nan"), 0.2], "band.moderate.share.0: "),
        (("band", 2, "share"), [0.1, 11], "band.moderate.share.1: "),
        (("band", 2, "flat"), {"BRL": [-1, 5]}, "band.moderate.flat.BRL.0: "),
        (("band", 2, "flat"), {"BRL": [1, 1e300]}, "band.moderate.flat.BRL.1: "),
        (
            ("guarantee", 0, "payout"),
            {"kind": "amount", "amount": {"BRL": 1e30}, "within": "1 day"},
            "payout.amount.BRL: ",
        ),
        (("priority", 0, "resolution"), "9999 business days", "is longer than five years"),
        (("priority", 0, "resolution"), "62 months", "is longer than five years"),
        (("priority", 0, "id"), None, "priority.0.id: "),
        (("rule", 0, "id"), {"a": 1}, "rule.0.id: "),
        (("rule", 0, "id"), "x" * 65, "id: "),
        (("policy", "version"), 1, "policy.version: "),
        (("policy", "warn_at"), "soon", "policy.warn_at: "),
        (("queues",), "one", "queues: "),
        (("rule", 0, "then"), [], "then: "),
    ],
)
def test_wrong_types_and_too_much_are_named(path: tuple[Any, ...], value: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        policy_from(changed(path, value), "mine.toml")
    assert said in str(caught.value)
