"""Keys hold what they were made of, whatever the labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.analytics.cells import day_segment
from api.analytics.columns import FIRST_DAY, Words, decode, join
from api.analytics.counting import Chosen, by_label, chosen
from api.analytics.layout import FIELDS, JUDGED, RIGHT, WRONG, Terms, agreement, effective, pack
from api.analytics.selection import Selection
from api.store.analytics import Kind
from classifier.taxonomy import TASKS, TaskKind

DAY = date(2026, 3, 2)


def _labels(task: Any) -> st.SearchStrategy[Any]:
    if task.kind is TaskKind.FLAG:
        return st.sampled_from([None, False, True])
    if task.kind is TaskKind.MULTI:
        return st.none() | st.lists(st.sampled_from(task.label_ids), min_size=1, unique=True)
    return st.sampled_from([None, *task.label_ids])


LABELS = st.fixed_dictionaries({task.id: _labels(task) for task in TASKS})
WORDS = st.none() | st.sampled_from(["BR", "ES", "MX"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "hour": st.integers(0, 23),
            "channel": st.sampled_from(["email", "chat", "web"]),
            "country": WORDS,
            "language": st.sampled_from([None, "es", "pt", "other"]),
            "review": st.sampled_from(["none", "needed", "done"]),
            "model": st.just("m 1"),
            "labels": LABELS,
            "corrected": st.none(),
        }
    ),
    max_size=12,
)


def test_fields_follow_each_other_within_64_bits() -> None:
    end = 0
    for field in FIELDS.values():
        assert field.shift == end
        end += field.bits
        assert len(field.values) <= (field.bits if field.mask else field.most)
    assert end <= 64


@given(labels=LABELS)
def test_each_label_is_read_back_from_the_key(labels: dict[str, Any]) -> None:
    key = pack({"hour": 7, "channel": "c", "country": None, "review": "none", **labels}, Terms(9), Terms(9))
    for task in TASKS:
        field = FIELDS[task.id]
        number = key >> field.shift & field.most
        held = [
            label
            for label in field.values
            if (number & field.code(label) if field.mask else field.code(label) == number)
        ]
        wanted = labels[task.id]
        assert sorted(held) == sorted(wanted if isinstance(wanted, list) else [] if wanted is None else [wanted])


@given(rows=ROWS)
def test_cells_count_what_the_rows_say(rows: list[dict[str, Any]]) -> None:
    words = Words()
    cells = chosen(
        join([decode(day_segment(Kind.MESSAGE, DAY, rows), words)], words), Selection(DAY, DAY + timedelta(days=1))
    )
    for task in TASKS:
        counted: Counter[str] = Counter()
        for row in rows:
            label = row["labels"][task.id]
            counted.update(map(str, label if isinstance(label, list) else [] if label is None else [label]))
        assert {label: count for label, count in by_label(cells, task.id).items() if count} == dict(counted)


def test_days_with_other_words_are_numbered_alike() -> None:
    def row(channel: str) -> dict[str, Any]:
        return {
            "hour": 1, "channel": channel, "country": None, "language": "es", "review": "none", "model": "m",
            "labels": dict.fromkeys(task.id for task in TASKS), "corrected": None,
        }  # fmt: skip

    words = Words()
    parts = [
        decode(day_segment(Kind.MESSAGE, DAY + timedelta(days=place), [row(channel) for channel in channels]), words)
        for place, channels in enumerate([["b", "a"], ["a"], ["c", "a"]])
    ]
    whole = join(parts, words)
    for channel, count in (("a", 3), ("b", 1), ("c", 1), ("d", 0)):
        selection = Selection(DAY, DAY + timedelta(days=3), channels=(channel,))
        assert chosen(whole, selection).count.sum() == count
    assert whole.hour.min() == (DAY.toordinal() - FIRST_DAY) * 24 + 1


def test_hours_belong_to_the_days_of_the_zone() -> None:
    rows = [
        {
            "hour": hour, "channel": "c", "country": None, "language": None, "review": "none", "model": "m",
            "labels": dict.fromkeys(task.id for task in TASKS), "corrected": None,
        }
        for hour in (2, 3, 4)
    ]  # fmt: skip
    words = Words()
    columns = join([decode(day_segment(Kind.MESSAGE, DAY, rows), words)], words)
    selection = Selection(DAY - timedelta(days=1), DAY + timedelta(days=1), "America/Sao_Paulo")
    days, size = chosen(columns, selection).days(selection)
    assert (days.tolist(), size) == ([0, 1, 1], 2)
    start, end = selection.moments
    assert (start, end) == (datetime(2026, 3, 1, 3, tzinfo=UTC), datetime(2026, 3, 3, 3, tzinfo=UTC))


def test_a_day_without_messages() -> None:
    words = Words()
    assert len(join([], words)) == 0
    assert chosen(join([], words), Selection(DAY, DAY + timedelta(days=1))).count.sum() == 0


def test_words_past_the_last_number_share_it() -> None:
    terms = Terms(3)
    assert [terms.number(word) for word in ("a", "b", None, "a", "c", "d", "e")] == [1, 2, 0, 1, 3, 3, 3]
    assert terms.words == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("corrected", "expected"),
    [
        (None, {"complaint": True, "severity": "high", "tone": "upset"}),
        ({"complaint": True, "severity": "low"}, {"complaint": True, "severity": "low", "tone": "upset"}),
        ({"complaint": False}, {"complaint": False, "severity": None, "tone": "upset"}),
        ({"complaint": True, "severity": None}, {"complaint": True, "severity": "high", "tone": "upset"}),
    ],
)
def test_a_person_has_the_last_word(corrected: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    found = effective({"complaint": True, "severity": "high", "tone": "upset"}, corrected)
    assert {task: found[task] for task in expected} == expected


def test_what_people_judged() -> None:
    labels = {"complaint": True, "severity": "high", "motive": ["venting", "altruism"], "tone": "calm", "quality": None}
    corrected = {"complaint": True, "severity": "low", "motive": ["altruism", "venting"], "quality": "empathy"}
    judged = agreement(labels, corrected)
    told = {task: judged >> shift & 3 for task, shift in JUDGED.items() if judged >> shift & 3}
    assert told == {"complaint": RIGHT, "severity": WRONG, "motive": RIGHT, "quality": WRONG}


def _day(place: int, channels: str) -> Any:
    rows = [
        {
            "hour": (7 * number) % 24, "channel": channel, "country": None, "language": "es", "review": "none",
            "model": "m", "labels": dict.fromkeys(task.id for task in TASKS), "corrected": None,
        }
        for number, channel in enumerate(channels)
    ]  # fmt: skip
    return day_segment(Kind.MESSAGE, DAY + timedelta(days=place), rows)


def test_cells_are_in_the_order_of_their_hours_also_those_of_an_older_version() -> None:
    segment = _day(0, "abcabcab")
    key, rest = np.frombuffer(segment.cells, "<u8", 8), np.frombuffer(segment.cells[64:], "<u4").reshape(2, 8)
    order = np.argsort(key)[::-1]
    mixed = b"".join(column[order].tobytes() for column in (key, *rest))
    for written in (segment, replace(segment, cells=mixed)):
        columns = decode(written, Words())
        assert (np.diff(columns.hour) >= 0).all()
        assert sorted(columns.of("channel").tolist()) == [1, 1, 1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize(("place", "channels"), [(0, "cab"), (1, "d"), (2, ""), (1, "aaaabbbb")])
def test_a_range_that_was_mended_is_the_one_made_anew(place: int, channels: str) -> None:
    words, days = Words(), ["abc", "ab", "cb"]
    parts = [decode(_day(number, each), words) for number, each in enumerate(days)]
    whole = join(parts, words)
    assert whole.of("channel").tolist()
    assert whole.table("language", "review").sum() == 7
    edges = np.cumsum([0, *map(len, parts)])
    parts[place] = decode(_day(place, channels), words)
    mended = whole.replaced(int(edges[place]), int(edges[place + 1]), parts[place], words)
    anew = join(parts, words)
    for name in ("channel", "language", "judged", "model"):
        assert mended.of(name).tolist() == anew.of(name).tolist(), name
        assert mended.of(name).dtype == anew.of(name).dtype, name
    assert mended.table("language", "review").tolist() == anew.table("language", "review").tolist()
    assert (mended.hour.tolist(), mended.count.tolist(), mended.terms) == (
        anew.hour.tolist(), anew.count.tolist(), anew.terms,
    )  # fmt: skip


@given(rows=ROWS, zone=st.sampled_from(["UTC", "America/Sao_Paulo"]))
def test_counts_are_the_same_out_of_the_table_of_hours_and_cell_by_cell(rows: list[dict[str, Any]], zone: str) -> None:
    words = Words()
    columns = join(
        [decode(day_segment(Kind.MESSAGE, DAY + timedelta(days=place), rows), words) for place in (0, 1, 3)], words
    )
    for since, days in ((DAY - timedelta(days=2), 9), (DAY, 2), (DAY + timedelta(days=3), 4), (DAY, 1)):
        selection = Selection(since, since + timedelta(days=days), zone)
        whole = chosen(columns, selection)
        singly = Chosen(columns, np.arange(len(columns))[whole.rows], whole.count, whole.hours)
        for names in (("severity",), ("touchpoint", "justice"), ("touchpoint", "complaint", "severity")):
            assert whole.counts(*names).tolist() == singly.counts(*names).tolist()
        assert whole.by_day("tone", selection).tolist() == singly.by_day("tone", selection).tolist()
