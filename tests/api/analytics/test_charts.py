"""Every figure equals a count by SQL on the same store of 50,000 messages, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from api.analytics.charts import WEIGHTS
from api.analytics.reader import Analytics
from api.analytics.selection import Selection
from api.store import analytics
from api.store.database import Store
from tests.api.analytics.conftest import MESSAGES
from tests.api.analytics.direct import LEVELS, Direct, severity

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


@pytest.fixture(params=SELECTIONS)
def selection(request: pytest.FixtureRequest) -> Selection:
    return SELECTIONS[request.param]


def reader(store: Store) -> Analytics:
    return Analytics(store, clock=lambda: NOW)


async def test_nothing_is_left_to_count(large: Store) -> None:
    async with large.read() as connection:
        assert await analytics.changes(connection) == []
    everything = await reader(large).overview(Selection(date(2026, 7, 1), date(2026, 12, 1)))
    assert everything.messages.now == MESSAGES


async def test_messages_and_shares(large: Store, selection: Selection) -> None:
    found = await reader(large).overview(selection)
    async with large.read() as connection:
        now, before = (Direct(connection, each, NOW) for each in (selection, selection.before))
        assert (found.messages.now, found.messages.before) == (await now.messages(), await before.messages())
        complaining = "m.complaint"
        counted = (await now.messages(complaining), await before.messages(complaining))
        assert (found.complaints.now, found.complaints.before) == counted
        share = found.needing_review
        assert (share.now.count, share.before.of) == (
            await now.messages("m.review = 'needed'"),
            await before.messages(),
        )


async def test_volume_by_day_and_severity(large: Store, selection: Selection) -> None:
    found = await reader(large).overview(selection)
    async with large.read() as connection:
        counted = await Direct(connection, selection, NOW).by_day_and_severity()
    volume = {(str(day.day), level): count for day in found.volume for level, count in day.severities.items() if count}
    assert volume == {key: count for key, count in counted.items() if key[1]}
    assert [day.day for day in found.volume] == [selection.since + timedelta(days=n) for n in range(selection.days)]
    assert sum(day.messages for day in found.volume) == sum(counted.values())


@pytest.mark.parametrize(("task", "figure"), [("motive", "motives"), ("justice", "justices")])
async def test_tasks_with_several_labels(large: Store, selection: Selection, task: str, figure: str) -> None:
    found = getattr(await reader(large).overview(selection), figure)
    async with large.read() as connection:
        now, before = [await Direct(connection, each, NOW).by_label(task) for each in (selection, selection.before)]
    assert {each.label: each.count.now for each in found if each.count.now} == now
    assert {each.label: each.count.before for each in found if each.count.before} == before


async def test_tasks_with_one_label(large: Store, selection: Selection) -> None:
    found = await reader(large).overview(selection)
    async with large.read() as connection:
        direct = Direct(connection, selection, NOW)
        for figures, column in (
            (found.severities, severity()),
            (found.tones, "m.tone"),
            (found.touchpoints, "m.touchpoint"),
            (found.qualities, "m.quality"),
        ):
            counted = await direct.by(column)
            assert {each.label: each.count.now for each in figures if each.count.now} == {
                label: count for label, count in counted.items() if label is not None
            }


async def test_justice_by_touchpoint(large: Store, selection: Selection) -> None:
    found = (await reader(large).overview(selection)).justice_by_touchpoint
    async with large.read() as connection:
        counted = await Direct(connection, selection, NOW).justice_by_touchpoint()
    assert {(cell.touchpoint, cell.justice): cell.count.now for cell in found if cell.count.now} == counted
    assert len(found) == 24


async def test_cases_and_their_deadlines(large: Store, selection: Selection) -> None:
    found = await reader(large).overview(selection)
    async with large.read() as connection:
        direct = Direct(connection, selection, NOW)
        assert found.cases.now == await direct.cases()
        assert found.double_deviations.now.count == await direct.cases("c.double_deviation")
        met = await direct.met()
    for deadline in found.deadlines:
        told = (deadline.met.now.count, deadline.missed.now, deadline.pending.now)
        assert told == met[deadline.kind]
        assert deadline.met.now.of == told[0] + told[1]


async def test_moments_of_truth(large: Store, selection: Selection) -> None:
    found = await reader(large).moments(selection, phrases=0)
    async with large.read() as connection:
        direct = Direct(connection, selection, NOW)
        for moment in found.moments:
            here = f"m.touchpoint = '{moment.touchpoint}'"
            levels = {level: await direct.messages(f"{here} AND {severity()} = '{level}'") for level in LEVELS}
            content = await direct.messages(f"{here} AND NOT m.complaint")
            assert moment.messages.now == await direct.messages(here)
            assert moment.critical.now.count == levels["high"] + levels["critical"]
            assert (moment.terms.content, moment.terms.severities) == (content, levels)
            judged = content + sum(levels.values())
            taken = sum(WEIGHTS[level] * count for level, count in levels.items())
            assert moment.satisfaction == (pytest.approx(100 * (1 - taken / judged)) if judged else None)


async def test_rules_that_fired(large: Store, selection: Selection) -> None:
    found = await reader(large).rules(selection)
    async with large.read() as connection:
        counted = await Direct(connection, selection, NOW).fired()
    assert {rule.rule: rule.cases.now for rule in found.rules if rule.cases.now} == counted
    assert [rule.cases.now for rule in found.rules] == sorted((rule.cases.now for rule in found.rules), reverse=True)


async def test_precision_on_reviewed_messages(large: Store) -> None:
    found = await reader(large).precision(WHOLE)
    async with large.read() as connection:
        direct = Direct(connection, WHOLE, NOW)
        reviewed = await direct.messages("f.id IS NOT NULL")
        judged = await direct.messages("f.labels->>'severity' IS NOT NULL")
        right = await direct.messages("f.labels->>'severity' = m.severity")
        by_day = await direct.by("date(m.received_at)" if direct.sqlite else "(m.received_at AT TIME ZONE 'UTC')::date")
    assert found.reviewed.now == reviewed > 0
    tasks = {each.task: each.right.now for each in found.tasks}
    assert (tasks["severity"].count, tasks["severity"].of) == (right, judged)
    assert 0.5 < right / judged < 1
    assert tasks["tone"].value == 1
    assert sum(day.reviewed for day in found.over_time) == reviewed
    assert all(day.reviewed <= by_day[str(day.day) if direct.sqlite else day.day] for day in found.over_time)
    assert found.models == {"generated 1": reviewed}


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
