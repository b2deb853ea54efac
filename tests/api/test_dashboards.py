"""The dashboards in ``docs/dashboards`` ask for what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.metrics import Metrics
from api.store import messages
from api.store.database import Store
from tests.api.early_warning.history import complaint, record
from tests.docs.blocks import blocks

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent.parent.parent / "docs" / "dashboards"
BOARDS = sorted(FOLDER.glob("*.json"))


def panels(board: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads(board.read_text(encoding="utf-8"))["panels"]


def queries(name: str, key: str) -> list[tuple[str, str]]:
    found = panels(FOLDER / name)
    return [(panel["title"], target[key]) for panel in found for target in panel["targets"]]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_panels_have_a_place_of_their_own(board: Path) -> None:
    places, numbers = set(), []
    for panel in panels(board):
        grid = panel["gridPos"]
        numbers.append(panel["id"])
        assert grid["x"] + grid["w"] <= 24
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                assert (x, y) not in places
                places.add((x, y))
    assert len(set(numbers)) == len(numbers) > 5


async def test_every_metric_is_one_of_ours() -> None:
    metrics = Metrics()
    metrics.answered({"method": "GET", "path": "/livez"}, 200, 0.1)
    metrics.classified(1, 0.1)
    page = (await metrics.page(None)).decode()
    known = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    for title, expression in queries("grafana-service.json", "expr"):
        for name in re.findall(r"recupera_\w+", expression):
            assert re.sub("_(bucket|sum|count)$", "", name) in known, title


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_every_query_runs_on_the_views(store: Store) -> None:
    result = complaint()
    received = datetime(2026, 3, 2, 12, tzinfo=UTC)
    brazilian = record(received, result, customer={"id": "c", "country": "BR"}, customer_id="c")
    async with store.write() as connection:
        for message in (brazilian, record(received, result)):
            await messages.add(connection, message, result)
    answers = {}
    for title, query in queries("grafana-recovery.json", "rawSql"):
        async with store.read() as connection:
            rows = (await connection.execute(sa.text(_filled(query)))).all()
        answers[title] = [tuple(row) for row in rows]
    assert [row[1:] for row in answers["Complaints a day, by severity"]] == [("high", 1)]
    assert sorted(answers["Motives"]) == [("altruism", 1), ("restitution", 1)]
    assert answers["Satisfaction index by touchpoint"] == [("fulfilment", 25)]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_who_chooses_all_countries_sees_messages_of_none_too(store: Store) -> None:
    result = complaint()
    board = json.loads((FOLDER / "grafana-recovery.json").read_text(encoding="utf-8"))
    (choices,) = (each["query"] for each in board["templating"]["list"] if each["name"] == "country")
    (counts,) = (query for title, query in queries("grafana-recovery.json", "rawSql") if title.startswith("Messages"))
    async with store.write() as connection:
        await messages.add(connection, record(datetime(2026, 3, 2, 12, tzinfo=UTC), result), result)
    async with store.read() as connection:
        offered = list((await connection.execute(sa.text(choices))).scalars())
        found = (await connection.execute(sa.text(_filled(counts, *offered)))).one()

    assert tuple(found)[:2] == (1, 1)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_the_role_that_is_shown_reads_the_views_and_nothing_else(store: Store) -> None:
    (shown,) = blocks(FOLDER / "README.md", "sql")
    views = re.findall(r"recupera_\w+", shown.code)

    queries = [f"SELECT * FROM {table}" for table in (*views, "messages")]

    with pytest.raises(sa.exc.ProgrammingError, match="permission denied for table messages"):
        await _asked_by_the_role(store, shown.code, queries)

    assert len(views) == 4


async def _asked_by_the_role(store: Store, made: str, queries: list[str]) -> None:
    """Make the role and ask as it would; what is refused undoes the role too, which all databases of a server share."""
    async with store.write() as connection:
        for statement in (*filter(str.strip, made.split(";")), "SET LOCAL ROLE dashboards", *queries):
            await connection.execute(sa.text(statement))


def _filled(query: str, *countries: str) -> str:
    """Put what Grafana would in place of its macros and variables."""
    query = re.sub(r"\$__timeGroupAlias\((\w+), '\w+'\)", r"date_trunc('day', \1) AS time", query)
    query = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN '2026-01-01' AND '2027-01-01'", query)
    query = query.replace("$channel", "'email'").replace(
        "$country", ", ".join(f"'{country}'" for country in countries or ("BR",))
    )
    assert "$" not in query
    return query
