import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.analytics.agreement import agreement
from api.store.reviewing import Reading

LEVELS = ("low", "moderate", "high", "critical")


def readings(*units: str) -> list[Reading]:
    names = {level[0]: level for level in LEVELS}
    return [
        Reading(str(number), reviewer, {"severity": names[letter]})
        for number, unit in enumerate(units)
        for reviewer, letter in zip("abc", unit, strict=False)
        if letter != "-"
    ]


def test_alpha_is_krippendorffs_of_the_book() -> None:
    # Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section A: ten units, two observers.
    (found,) = agreement(readings("lm", "mm", "lm", "ll", "ll", "lm", "ll", "ll", "ml", "ll"))
    assert (found.messages, found.pairs, found.same) == (10, 10, 6)
    assert found.alpha == pytest.approx(0.095, abs=0.0005)


def test_nothing_is_told_of_what_one_person_read_or_where_all_say_one_thing() -> None:
    assert agreement(readings("l", "m")) == []
    (found,) = agreement(readings("ll", "ll"))
    assert (found.share, found.alpha) == (1.0, None)


def test_of_several_labels_the_main_one_counts() -> None:
    given_by = [Reading("1", "a", {"motive": ["venting", "altruism"]}), Reading("1", "b", {"motive": ["venting"]})]
    (found,) = agreement(given_by)
    assert (found.task, found.same) == ("motive", 1)


@given(st.lists(st.text("lmhc-", min_size=2, max_size=3), min_size=2, max_size=12))
def test_alpha_is_one_only_where_all_agree(units: list[str]) -> None:
    for found in agreement(readings(*units)):
        assert 0 <= found.same <= found.pairs
        if found.alpha is not None:
            assert found.alpha <= 1 + 1e-9
            assert (found.alpha > 1 - 1e-9) == (found.same == found.pairs)
