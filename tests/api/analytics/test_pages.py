"""The numbers on the console's pages are those that SQL counts on the same store, on both databases."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.analytics.charts import WEIGHTS
from api.analytics.selection import Selection
from api.early_warning.settings import AlertSettings
from api.store.database import DatabaseUrl, Store
from benchmarks.generated import PRESENT
from classifier.taxonomy import TASKS
from tests.api.analytics.direct import LEVELS, Direct
from tests.api.conftest import Marked, Opener
from tests.api.console.conftest import page
from tests.api.console.test_same_figures import percent, rows

pytestmark = pytest.mark.anyio

SELECTION = Selection(date(2026, 10, 3), date(2026, 11, 20), channels=("email",))
ADDRESS = "since=2026-10-03&until=2026-11-19&channel=email"


class Generated(Marked):
    """Answers as the model whose answers are stored."""

    model = PRESENT


@pytest.fixture
async def console(filled: DatabaseUrl, open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a browser's client of a service over the generated store, which it does not change."""
    sqlite = filled.get_backend_name() == "sqlite"
    place = {"database": None if sqlite else filled.render_as_string(hide_password=False)}
    place |= {"data": Path(str(filled.database)).parent} if sqlite else {}
    async with open_service(Generated(), analytics_seconds=0, alerts=AlertSettings(enabled=False), **place) as client:
        client.headers["accept-language"] = "en"
        yield client


def numbers(text: str) -> list[int]:
    """Return the whole numbers of a text, such as ``1,204`` and ``−3``."""
    return [int(found.replace(",", "").replace("−", "-")) for found in re.findall(r"[-−]?\d[\d,]*", text)]


async def test_the_overview(console: httpx.AsyncClient, large: Store) -> None:
    text = await page(console, f"/?{ADDRESS}")
    tiles = dict(re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", text, re.DOTALL))
    async with large.read() as connection:
        now, before = (Direct(connection, each, datetime.now(UTC)) for each in (SELECTION, SELECTION.before))
        told = [numbers(tiles[name])[:2] for name in ("Messages", "Complaints", "Cases opened")]
        expected = [
            (await now.messages(), await before.messages()),
            (await now.messages("m.complaint"), await before.messages("m.complaint")),
            (await now.cases(), await before.cases()),
        ]
        assert told == [[one, one - other] for one, other in expected]
        shares = [numbers(tiles[name])[-2:] for name in ("To be reviewed", "Failed twice")]
        assert shares == [
            [await now.messages("m.review = 'needed'"), expected[0][0]],
            [await now.cases("c.double_deviation"), expected[2][0]],
        ]
        assert _bars(text) == {task: await _changes(now, before, task) for task in _bars(text)}
        assert set(_bars(text)) == {"severity", "motive", "tone", "quality"}
        levels, everyone = await now.by_day("m.severity"), await now.by_day("m.channel")
        days = re.findall(r'data-x="([\d-]+)">.*?</th>(.*?)</tr>', text)
        assert {day: numbers(re.sub(r"<[^>]*>", " ", cells))[:4] for day, cells in days} == {
            day: [levels.get((day, level), 0) for level in LEVELS] for day, _ in days
        }
        assert sum(numbers(re.sub(r"<[^>]*>", " ", cells))[-1] for _, cells in days) == sum(everyone.values())
        heat = await now.justice_by_touchpoint()
        assert sorted(numbers(cell)[0] for row in rows(text, "heat") for cell in row[1:]) == sorted(
            heat.get((point, kind), 0) for point in _labels("touchpoint") for kind in _labels("justice")
        )
        deadlines = await now.deadlines()
    kept = [[numbers(cell)[0] for cell in row[1:]] for row in rows(text, "kept")]
    assert kept == [list(deadlines[kind]) for kind in ("first_answer", "resolution")]


async def test_the_moments_of_truth(console: httpx.AsyncClient, large: Store) -> None:
    text = await page(console, f"/moments?{ADDRESS}")
    async with large.read() as connection:
        table = await Direct(connection, SELECTION, datetime.now(UTC)).by("m.touchpoint", "m.complaint", "m.severity")
    for point in _labels("touchpoint"):
        shown = text[text.index(f'id="{point}"') :]
        messages, grave, index = (re.sub(r"<[^>]*>", " ", part) for part in re.findall(r"<dd>(.*?)</dd>", shown)[:3])
        found = {key[1:]: count for key, count in table.items() if key[0] == point}
        levels = {level: sum(n for (yes, name), n in found.items() if yes and name == level) for level in LEVELS}
        judged = sum(levels.values()) + sum(n for (yes, _), n in found.items() if yes is not None and not yes)
        assert numbers(messages)[0] == sum(found.values())
        assert numbers(grave)[-2:] == [levels["high"] + levels["critical"], sum(found.values())]
        expected = 100 * (1 - sum(WEIGHTS[level] * count for level, count in levels.items()) / judged)
        assert float(index.split()[0]) == pytest.approx(expected, abs=0.051)


async def test_the_model(console: httpx.AsyncClient, large: Store) -> None:
    text = await page(console, f"/model?{ADDRESS}")
    present = "m.judged = 'generated 1' AND j.answered"
    async with large.read() as connection:
        direct = Direct(connection, SELECTION, datetime.now(UTC))
        right = await direct.judged_by("j.task", "j.main", present)
        sure = {
            task: float(mean)
            for task, mean in await direct.judged("j.task", "avg(j.sure)", where=f"{present} GROUP BY 1")
        }
        tenth = "min(9, CAST(j.sure * 10 AS int))" if direct.sqlite else "least(9, floor(j.sure * 10))"
        bins = await direct.judged_by(tenth, "j.main", present)
        above = {}
        for least in (0, 0.7):
            (above[least],) = (
                await direct.judged_by("m.judged", "j.main", f"{present} AND j.sure >= {least}")
            ).values()
    assert [(row[1], row[2], row[3]) for row in rows(text, "judged")] == [
        (f"{right[task.id][1]:,}", percent(right[task.id][0] / right[task.id][1]), percent(sure[task.id]))
        for task in TASKS
    ]
    assert [(row[1], numbers(row[3])[0]) for row in rows(text, "calibration")] == [
        (percent(count / of), of) for _, (count, of) in sorted(bins.items())
    ]
    shown = {row[0]: row[1:] for row in rows(text, "coverage")}
    whole = above[0][1]
    assert {each: shown[percent(each)] for each in above} == {
        each: [percent(count / of), percent(of / whole)] for each, (count, of) in above.items()
    }


def _labels(task: str) -> tuple[str, ...]:
    return next(each.label_ids for each in TASKS if each.id == task)


def _bars(text: str) -> dict[str, dict[str, tuple[int, int]]]:
    """Return by task and label how many there are on the page, and how many more than before."""
    row = r'label=(\w+)%3A(\w+)"[^>]*>[^<]*</a></th>\s*<td><svg.*?<span>([\d,]+)</span></td>\s*<td[^>]*>(.*?)</td>'
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for task, label, count, changed in re.findall(row, text, re.DOTALL):
        change = numbers(re.sub(r"<[^>]*>", " ", changed))
        found.setdefault(task, {})[label] = (numbers(count)[0], change[0] if change else 0)
    return found


async def _changes(now: Direct, before: Direct, task: str) -> dict[str, Any]:
    one, other = await now.by_label(task), await before.by_label(task)
    return {label: (one.get(label, 0), one.get(label, 0) - other.get(label, 0)) for label in _labels(task)}
