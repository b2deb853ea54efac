"""Every figure, now and before, equals a count by SQL on the same store of 50,000 messages, on both databases."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.analytics.charts import WEIGHTS
from api.analytics.figures import Count, Overview
from api.analytics.reader import Analytics
from api.analytics.selection import Selection
from api.console.views.weeks import weeks_of
from api.store import analytics
from api.store.database import Store
from benchmarks.generated import PRESENT
from classifier.taxonomy import TASK_BY_ID
from tests.api.analytics.conftest import MESSAGES
from tests.api.analytics.direct import LEVELS, Direct

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 29, tzinfo=UTC)
WHOLE = Selection(date(2026, 9, 30), date(2026, 11, 29))
SELECTIONS = {
    "two months": WHOLE,
    "days of São Paulo": Selection(date(2026, 10, 3), date(2026, 11, 20), "America/Sao_Paulo"),
    "who and where": Selection(
        date(2026, 9, 1), date(2026, 11, 1), channels=("email", "chat"), countries=("BR", "ES"), languages=("pt",)
    ),
    "labels": Selection(
        date(2026, 9, 1),
        date(2026, 11, 1),
        labels={"severity": ("high", "critical"), "motive": ("venting", "altruism"), "guarantee": (False,)},
    ),
    "no complaints": Selection(date(2026, 9, 1), date(2026, 11, 1), labels={"complaint": (False,)}),
    "to review": Selection(date(2026, 9, 1), date(2026, 11, 1), review="needed", labels={"justice": ("outcome",)}),
    "nothing": Selection(date(2026, 9, 1), date(2026, 11, 1), channels=("carrier pigeon",)),
}


_SCREENS: dict[tuple[bool, str], Overview] = {}


@pytest.fixture(params=SELECTIONS)
def selection(request: pytest.FixtureRequest) -> Selection:
    return SELECTIONS[request.param]


def reader(store: Store) -> Analytics:
    return Analytics(store, clock=lambda: NOW)


async def first_screen(store: Store, selection: Selection) -> Overview:
    """Return the overview, counted once for all tests."""
    key = store.is_sqlite, str(selection)
    if key not in _SCREENS:
        _SCREENS[key] = await reader(store).overview(selection)
    return _SCREENS[key]


async def test_nothing_is_left_to_count(large: Store) -> None:
    async with large.read() as connection:
        assert await analytics.changes(connection) == []
    everything = await reader(large).overview(Selection(date(2026, 7, 1), date(2026, 12, 1)))
    assert everything.messages.now == MESSAGES


async def counted(store: Store, selection: Selection, figure: Callable[[Direct], Awaitable[Any]]) -> tuple[Any, Any]:
    """Return what SQL counts in a period and in the one before."""
    async with store.read() as connection:
        now, before = (Direct(connection, each, NOW) for each in (selection, selection.before))
        return await figure(now), await figure(before)


def both(found: Iterable[tuple[Any, Count]]) -> tuple[dict[Any, int], dict[Any, int]]:
    """Return what there is of each now, and before."""
    listed = list(found)
    return {name: n.now for name, n in listed if n.now}, {name: n.before for name, n in listed if n.before}


async def test_messages_and_shares(large: Store, selection: Selection) -> None:
    found = await first_screen(large, selection)
    everyone = await counted(large, selection, lambda direct: direct.messages())
    assert (found.messages.now, found.messages.before) == everyone
    complaining = await counted(large, selection, lambda direct: direct.messages("m.complaint"))
    assert (found.complaints.now, found.complaints.before) == complaining
    needed = await counted(large, selection, lambda direct: direct.messages("m.review = 'needed'"))
    share = found.needing_review
    assert ((share.now.count, share.before.count), (share.now.of, share.before.of)) == (needed, everyone)


async def test_volume_by_day_and_severity(large: Store, selection: Selection) -> None:
    found = await first_screen(large, selection)
    async with large.read() as connection:
        direct = Direct(connection, selection, NOW)
        levels, answers = await direct.by_day("m.severity"), await direct.by_day("m.complaint")
    volume = {(str(day.day), level): count for day in found.volume for level, count in day.severities.items() if count}
    assert volume == {key: count for key, count in levels.items() if key[1]}
    complaining = {str(day.day): day.complaints for day in found.volume if day.complaints}
    assert complaining == {day: count for (day, answer), count in answers.items() if answer}
    assert [day.day for day in found.volume] == [selection.since + timedelta(days=n) for n in range(selection.days)]
    assert sum(day.messages for day in found.volume) == sum(levels.values())


@pytest.mark.parametrize(
    ("task", "figure"),
    [
        ("motive", "motives"),
        ("justice", "justices"),
        ("severity", "severities"),
        ("tone", "tones"),
        ("touchpoint", "touchpoints"),
        ("quality", "qualities"),
    ],
)
async def test_bars(large: Store, selection: Selection, task: str, figure: str) -> None:
    found = getattr(await first_screen(large, selection), figure)
    assert both((each.label, each.count) for each in found) == await counted(
        large, selection, lambda direct: direct.by_label(task)
    )
    assert [each.label for each in found] == list(TASK_BY_ID[task].label_ids)


async def test_justice_by_touchpoint(large: Store, selection: Selection) -> None:
    found = (await first_screen(large, selection)).justice_by_touchpoint
    assert both(((cell.touchpoint, cell.justice), cell.count) for cell in found) == await counted(
        large, selection, lambda direct: direct.justice_by_touchpoint()
    )
    assert len(found) == 24


async def test_cases_and_their_deadlines(large: Store, selection: Selection) -> None:
    found = await first_screen(large, selection)
    cases = await counted(large, selection, lambda direct: direct.cases())
    assert (found.cases.now, found.cases.before) == cases
    doubled = await counted(large, selection, lambda direct: direct.cases("c.double_deviation"))
    share = found.double_deviations
    assert ((share.now.count, share.before.count), (share.now.of, share.before.of)) == (doubled, cases)
    now, before = await counted(large, selection, lambda direct: direct.deadlines())
    for each in found.deadlines:
        assert (each.met.now.count, each.missed.now, each.pending.now) == now[each.kind]
        assert (each.met.before.count, each.missed.before, each.pending.before) == before[each.kind]
        assert (each.met.now.of, each.met.before.of) == (sum(now[each.kind][:2]), sum(before[each.kind][:2]))


async def test_moments_of_truth(large: Store, selection: Selection) -> None:
    found = await reader(large).moments(selection, phrases=0)
    tables = await counted(large, selection, lambda direct: direct.by("m.touchpoint", "m.complaint", "m.severity"))
    for moment in found.moments:
        now, before = (_moment(table, moment.touchpoint) for table in tables)
        assert (moment.messages.now, moment.messages.before) == (now["messages"], before["messages"])
        assert (moment.complaints.now, moment.complaints.before) == (now["complaints"], before["complaints"])
        assert (moment.critical.now.count, moment.critical.before.count) == (now["critical"], before["critical"])
        assert (moment.critical.now.of, moment.critical.before.of) == (now["messages"], before["messages"])
        assert (moment.terms.content, dict(moment.terms.severities)) == (now["content"], now["levels"])
        assert (moment.satisfaction, moment.satisfaction_before) == (now["index"], before["index"])
        if now["index"] is not None and before["index"] is not None:
            assert moment.change == pytest.approx(now["index"].expected - before["index"].expected)


def _moment(table: dict[Any, int], touchpoint: str) -> dict[str, Any]:
    """Return the figures of a touchpoint from counts by touchpoint, complaint and severity."""
    rows = [(complaint, level, count) for (point, complaint, level), count in table.items() if point == touchpoint]
    levels = {name: sum(count for said, level, count in rows if said and level == name) for name in LEVELS}
    content = sum(count for said, _, count in rows if said is not None and not said)
    taken, judged = sum(WEIGHTS[level] * count for level, count in levels.items()), content + sum(levels.values())
    return {
        "messages": sum(count for *_, count in rows),
        "complaints": sum(count for said, _, count in rows if said),
        "critical": levels["high"] + levels["critical"],
        "content": content,
        "levels": levels,
        "index": pytest.approx(100 * (1 - taken / judged)) if judged else None,
    }


async def test_rules_that_fired(large: Store, selection: Selection) -> None:
    found = await reader(large).rules(selection)
    expected = await counted(large, selection, lambda direct: direct.fired())
    assert both((rule.rule, rule.cases) for rule in found.rules) == expected
    assert [rule.cases.now for rule in found.rules] == sorted((rule.cases.now for rule in found.rules), reverse=True)


async def test_precision_on_reviewed_messages(large: Store, selection: Selection) -> None:
    found = await reader(large).precision(selection)
    reviewed = await counted(large, selection, lambda direct: direct.messages("m.correction IS NOT NULL"))
    assert (found.reviewed.now, found.reviewed.before) == reviewed
    now, before = await counted(large, selection, lambda direct: direct.judged_by("j.task", "j.whole"))
    assert {each.task: (each.right.now.count, each.right.now.of) for each in found.tasks if each.right.now.of} == now
    told = {each.task: (each.right.before.count, each.right.before.of) for each in found.tasks if each.right.before.of}
    assert told == before
    async with large.read() as connection:
        direct = Direct(connection, selection, NOW)
        days, models = await direct.by_day("m.correction IS NOT NULL"), await direct.by("m.judged")
        right = await direct.judged_by(direct.day(), "j.whole", "j.task = 'touchpoint'")
        weeks = await direct.judged_by(direct.week(), "j.whole")
    assert {str(day.day): day.reviewed for day in found.over_time} == {day: n for (day, yes), n in days.items() if yes}
    told = {str(day.day): (day.right["touchpoint"].count, day.right["touchpoint"].of) for day in found.over_time}
    assert {day: ratio for day, ratio in told.items() if ratio[1]} == right
    assert {str(week.start): (week.right.count, week.right.of) for week in weeks_of(found)} == weeks
    assert found.models == {name: count for name, count in models.items() if name}


async def test_people_change_answers_to_every_task(large: Store) -> None:
    async with large.read() as connection:
        right = await Direct(connection, WHOLE, NOW).judged_by("j.task", "j.whole")
    assert {task: 0.5 < count / of < 1 for task, (count, of) in right.items()} == dict.fromkeys(TASK_BY_ID, True)


async def test_drift(large: Store, selection: Selection) -> None:
    found = {each.task: each for each in await reader(large).drift(selection)}
    for task in TASK_BY_ID:
        now, before = await counted(large, selection, lambda direct, task=task: direct.by_label(task))
        sums = sum(now.values()), sum(before.values())
        if not all(sums):
            assert task not in found
            continue
        assert (found[task].messages.now, found[task].messages.before) == sums
        shares = [(now.get(label, 0) / sums[0], before.get(label, 0) / sums[1]) for label in now | before]
        pairs = [(max(one, 1e-4), max(other, 1e-4)) for one, other in shares]
        index = sum((one - other) * math.log(one / other) for one, other in pairs)
        assert found[task].index == pytest.approx(index, abs=1e-12)


async def test_calibration_and_coverage(large: Store, selection: Selection) -> None:
    found = await reader(large).model(selection, PRESENT)
    present = "m.judged = 'generated 1'"
    rows = {}
    async with large.read() as connection:
        direct = Direct(connection, selection, NOW)
        assert found.reviewed == await direct.messages(present)
        for group in (*(f"j.task = '{task}'" for task in TASK_BY_ID), "true"):
            columns = (
                "min(9, CAST(j.sure * 10 AS int))" if direct.sqlite else "least(9, floor(j.sure * 10))",
                "count(*)",
            )
            sums = ("avg(j.sure)", "avg(CASE WHEN j.main THEN 1.0 ELSE 0.0 END)")
            where = f"{present} AND j.answered AND {group} GROUP BY 1 ORDER BY 1"
            rows[group] = [tuple(map(float, row[1:])) for row in await direct.judged(*columns, *sums, where=where)]
        kept = {}
        for row in found.coverage:
            where = f"{present} AND j.answered AND j.sure >= {row.threshold}"
            ((right, of),) = await direct.judged("sum(CASE WHEN j.main THEN 1 ELSE 0 END)", "count(*)", where=where)
            kept[row.threshold] = (int(right or 0), int(of))
    assert [(each.count, each.sureness, each.right) for each in found.calibration] == [
        pytest.approx(row) for row in rows["true"]
    ]
    for each in found.tasks:
        bins = rows[f"j.task = '{each.task}'"]
        count = sum(row[0] for row in bins)
        error = sum(row[0] * abs(row[1] - row[2]) for row in bins) / count
        means = (sum(row[0] * row[place] for row in bins) / count for place in (2, 1))
        assert (each.count, each.right, each.sureness, each.error) == pytest.approx((count, *means, error))
    whole = kept[0.0][1]
    for row in found.coverage:
        right, of = kept[row.threshold]
        assert row.share == (pytest.approx(of / whole) if whole else 0)
        assert row.right == (pytest.approx(right / of) if of else None)


@pytest.mark.parametrize("name", ["who and where", "labels"])
async def test_no_selection_has_another_verdict(large: Store, name: str) -> None:
    figures = reader(large)
    whole, part = [(await figures.model(each, PRESENT)).verdict for each in (WHOLE, SELECTIONS[name])]
    assert part == whole
    assert whole.worth_it is True


async def test_agreement_of_reviewers(large: Store, selection: Selection) -> None:
    found = await reader(large).agreement(selection)
    async with large.read() as connection:
        pairs = await Direct(connection, selection, NOW).read_twice()
    assert {each.task: (each.messages, each.pairs, each.same) for each in found.tasks} == {
        task: (len(some), len(some), sum(one == other for one, other in some)) for task, some in pairs.items()
    }
    for each in found.tasks:
        some = pairs[each.task]
        count, labels = 2 * len(some), Counter(label for pair in some for label in pair)
        expected = (count**2 - sum(number**2 for number in labels.values())) / (count * (count - 1))
        disagree = sum(one != other for one, other in some) / len(some)
        assert each.alpha == (pytest.approx(1 - disagree / expected) if expected else None)


async def test_choices_of_filters(large: Store) -> None:
    found = await reader(large).choices()
    assert found.channels == ["chat", "email", "phone", "web", "whatsapp"]
    assert found.countries == ["AR", "BR", "CL", "CO", "ES", "MX", "PT"]
    assert (found.first, found.last) == (date(2026, 8, 1), date(2026, 11, 28))


async def test_phrases_are_the_worst_and_masked(large: Store) -> None:
    selection = SELECTIONS["who and where"]
    found = await reader(large).moments(selection)
    since, until = selection.moments
    for moment in found.moments:
        assert 0 < len(moment.phrases) <= 3
        levels = [LEVELS.index(phrase.severity) for phrase in moment.phrases]
        assert levels == sorted(levels, reverse=True)
        for phrase in moment.phrases:
            assert since <= phrase.received_at < until
            assert (phrase.channel in selection.channels, phrase.language) == (True, "pt")
            assert "ana@example.com" not in phrase.text
    assert any("<EMAIL>" in phrase.text for moment in found.moments for phrase in moment.phrases)
